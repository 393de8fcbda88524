import type { EditedRoot, ImageChange } from '../../build/mutate/edit-root.ts';
import type { CopyCounts } from '../../copy/types.ts';
import { publishedJson } from '../publish/result.ts';
import { namesOf, type Target } from '../publish/targets.ts';
import type { Result, Style } from '../result.ts';
import type { CommandStats } from '../transfer/json.ts';
import { diffLines } from './diff-lines.ts';

/** Prints PLACE:TAG@DIGEST; a dry run shows the configurations before and after. */
export function mutateResult(
  targets: readonly Target[],
  { root, images, leftOut }: EditedRoot,
  run: { readonly counts: CopyCounts; readonly stats: CommandStats; readonly dryRun: boolean },
): Result {
  const names = targets.flatMap((target) => namesOf(target, root.digest));
  return {
    kind: 'value',
    json: {
      ...publishedJson(targets, root, run),
      Images: images.map(({ platform, digest, config }) => ({
        Platform: platform,
        Before: digest.before,
        Digest: digest.after,
        ...(run.dryRun ? { ConfigBefore: config.before, ConfigAfter: config.after } : {}),
      })),
      LeftOut: leftOut.map(({ platform, count }) => ({ Platform: platform, Attestations: count })),
    },
    text: (style) =>
      run.dryRun
        ? [
            ...images.flatMap((image) => changeLines(image, style)),
            ...names.map((name) => `would write ${name}`),
            'nothing was written',
          ].join('\n')
        : names.join('\n'),
  };
}

/** The changed lines of a configuration, as `diff -u` shows them. */
function changeLines({ platform, digest, config }: ImageChange, style: Style): readonly string[] {
  const lines = diffLines(
    JSON.stringify(config.before, null, 2).split('\n'),
    JSON.stringify(config.after, null, 2).split('\n'),
  );
  return [
    style.bold(`${platform} ${digest.before} → ${digest.after}`),
    ...lines.map((line) =>
      line.startsWith('+') ? style.green(line) : line.startsWith('-') ? style.red(line) : line,
    ),
    '',
  ];
}
