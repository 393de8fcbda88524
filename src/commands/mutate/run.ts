import { BuiltStore } from '../../build/built-store.ts';
import { RootEditor, type EditedRoot, type RootEdits } from '../../build/mutate/edit-root.ts';
import { AppError } from '../../errors/app-error.ts';
import { isDigest } from '../../oci/digest.ts';
import { parsePlatforms } from '../../oci/platform.ts';
import { DEFAULT_TAG } from '../../reference/format.ts';
import type { Location } from '../../transports/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Context } from '../context.ts';
import { readArgument, readFlag, readList, readText, rejectTogether } from '../input/read.ts';
import { writeDigestFile } from '../output/digest-file.ts';
import { publish } from '../publish/publish.ts';
import { noteLeftOut, noteMovedTag } from '../publish/result.ts';
import { targetsOf, withTag, type Target } from '../publish/targets.ts';
import { requireInPlace, Workspace, type WorkspaceContext } from '../publish/workspace.ts';
import type { Result } from '../result.ts';
import { startStats } from '../transfer/json.ts';
import type { Input } from '../types.ts';
import { annotationEdits, configEdits, readPlatform, requestedTime } from './edits.ts';
import { mutateResult } from './result.ts';

export type MutateContext = WorkspaceContext & Pick<Context, 'env' | 'now' | 'requestCount'>;

/**
 * Changes an image, or the images of an index, without the layers that stay.
 * @throws AppError USAGE; as editImage, RootEditor and copyImage do
 */
export async function run(
  context: MutateContext,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const cost = startStats(context);
  const location = context.locate(readArgument(input, 0, 'IMAGE'));
  const inPlace = readFlag(input, 'inPlace');
  const targets = targetsFor(context, input, location, inPlace);
  const [dryRun, digestFile] = [readFlag(input, 'dryRun'), readText(input, 'digestfile')];
  rejectTogether({ '--dry-run': dryRun, '--digestfile': digestFile !== undefined });
  const edits = rootEdits(context, input);

  await using workspace = new Workspace(context, targets);
  const built = new BuiltStore(location.text);
  const { store, ref } = await workspace.source(location, options);
  const before = await store.resolve(ref, { ...options, purpose: 'content' });
  const editor = new RootEditor(built, { store, text: location.text }, edits, options);
  const edited = await editor.edit(before);
  const root = edited.root;
  const counts = await publish(context, workspace, built, root, targets, {
    ...options,
    noClobber: readFlag(input, 'noClobber'),
    dryRun,
  });
  noteProofs(context, edited, before.digest);
  if (inPlace && !dryRun) for (const one of targets) noteMovedTag(context, one, before, root);
  await writeDigestFile(context, digestFile, root);
  return mutateResult(targets, edited, { counts, stats: cost(), dryRun });
}

function rootEdits(context: MutateContext, input: Input): RootEdits {
  const created = requestedTime(context, input);
  const platform = readPlatform(input);
  const to = readText(input, 'to');
  const annotations = annotationEdits(input);
  const config = configEdits(input, { created, platform, hasSteps: false });
  if (annotations.length + config.length === 0 && to === undefined) throw noChange(input);
  return {
    image: {
      steps: [],
      config,
      to: to === undefined ? undefined : to === 'docker' ? 'v2s2' : 'oci',
      setsPlatform: platform !== undefined,
      warn: (text) => context.warn(text),
    },
    annotations,
    platforms: context.flags.platform === undefined ? [] : parsePlatforms(context.flags.platform),
    keepAttestations: readFlag(input, 'keepAttestations'),
    concurrency: context.flags.concurrency,
  };
}

/** Where the result goes: `--tag`, the own tag with `--in-place`, else by digest next to IMAGE. */
function targetsFor(
  context: MutateContext,
  input: Input,
  location: Location,
  inPlace: boolean,
): readonly Target[] {
  const names = readList(input, 'tag');
  rejectTogether({ '--tag': names.length > 0, '--in-place': inPlace });
  if (names.length > 0) return targetsOf(context, names, location);
  requireInPlace(location, inPlace ? '--in-place' : 'the write by digest');
  const { scheme, ref, tag } = location;
  if (!inPlace) return [{ location, tags: [] }];
  const own = tag ?? (scheme === 'docker' && ref === undefined ? DEFAULT_TAG : undefined);
  if (own !== undefined) return [{ location: withTag(location, own), tags: [own] }];
  const what = ref !== undefined && isDigest(ref) ? 'a digest' : 'no tag';
  throw new AppError('USAGE', `cannot change ${location.text} in place: it names ${what}`, {
    hint: 'Name the tag that is to move, or write another one with --tag.',
  });
}

function noteProofs(context: MutateContext, { root, leftOut }: EditedRoot, before: string): void {
  if (root.digest === before) {
    context.note('nothing to change: the image is already so');
    return;
  }
  noteLeftOut(context, leftOut);
  context.note(
    `signatures and referrers of ${before} describe the image before this change: left out`,
  );
}

function noChange({ args: [image = 'IMAGE'] }: Input): AppError {
  return new AppError('USAGE', `cannot change ${image}: no change is named`, {
    hint: `Name one, such as --label KEY=VALUE. For a copy: regctl copy ${image} DESTINATION`,
  });
}
