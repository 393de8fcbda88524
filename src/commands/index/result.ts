import type { ListedChild } from '../../build/proofs.ts';
import type { CopyCounts } from '../../copy/types.ts';
import { shortDigest } from '../../oci/digest.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { renderTable } from '../output/table.ts';
import { formatSize } from '../../util/text/units.ts';
import { childJson, publishedJson } from '../publish/result.ts';
import { namesOf, type Target } from '../publish/targets.ts';
import type { Result } from '../result.ts';
import type { CommandStats } from '../transfer/json.ts';

export interface MadeIndex {
  readonly root: Descriptor;
  readonly children: readonly ListedChild[];
}

/** Prints PLACE:TAG@DIGEST for each tag; a dry run also shows what the index lists. */
export function indexResult(
  targets: readonly Target[],
  { root, children }: MadeIndex,
  run: { readonly counts: CopyCounts; readonly stats: CommandStats; readonly dryRun: boolean },
): Result {
  const manifests = children.map(({ descriptor }) => childJson(descriptor));
  const names = targets.flatMap((target) => namesOf(target, root.digest));
  return {
    kind: 'value',
    json: { ...publishedJson(targets, root, run), Manifests: manifests },
    text: (style) =>
      run.dryRun
        ? [
            renderTable(
              [{ title: 'PLATFORM' }, { title: 'DIGEST' }, { title: 'SIZE', align: 'right' }],
              children.map(({ descriptor }, at) => [
                manifests[at]?.Platform ?? '',
                shortDigest(descriptor.digest),
                formatSize(descriptor.size),
              ]),
              style,
            ),
            '',
            ...names.map((name) => `would write ${name}`),
            'nothing was written',
          ].join('\n')
        : names.join('\n'),
  };
}
