import { BuiltStore } from '../../build/built-store.ts';
import type { LayerTools } from '../../build/layers/change-layers.ts';
import { LayerWriter } from '../../build/layers/layer-writer.ts';
import { RootEditor, type EditedRoot, type RootEdits } from '../../build/mutate/edit-root.ts';
import { AppError } from '../../errors/app-error.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { isDigest } from '../../oci/digest.ts';
import { parsePlatforms } from '../../oci/platform.ts';
import { DEFAULT_TAG } from '../../reference/format.ts';
import type { ReadStore } from '../../store/types.ts';
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
import { scratchImage } from './scratch.ts';
import { layerOptions, layerSteps } from './steps.ts';

export type MutateContext = WorkspaceContext &
  Pick<Context, 'env' | 'now' | 'requestCount' | 'stdin'>;

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
  const location = sourceOf(context, input);
  const inPlace = readFlag(input, 'inPlace');
  const targets = targetsFor(context, input, location, inPlace);
  const [dryRun, digestFile] = [readFlag(input, 'dryRun'), readText(input, 'digestfile')];
  rejectTogether({ '--dry-run': dryRun, '--digestfile': digestFile !== undefined });
  const text = location?.text ?? 'scratch';

  await using workspace = new Workspace(context, targets);
  await using writer = new LayerWriter(context.tempDir, () => context.temporaries());
  const built = new BuiltStore(text);
  const tools = { built, writer, tempDir: context.tempDir, call: options };
  const { edits, requireFound } = await rootEdits(context, workspace, input, { tools, location });
  const { store, root: before } = await openSource(context, workspace, location, options);
  const editor = new RootEditor(built, { store, text }, edits, options);
  const edited = await editor.edit(before);
  requireFound();
  const root = edited.root;
  const counts = await publish(context, workspace, built, root, targets, {
    ...options,
    noClobber: readFlag(input, 'noClobber'),
    dryRun,
  });
  if (location !== undefined) noteProofs(context, edited, before.digest);
  if (inPlace && !dryRun) for (const one of targets) noteMovedTag(context, one, before, root);
  await writeDigestFile(context, digestFile, root);
  return mutateResult(targets, edited, { counts, stats: cost(), dryRun });
}

/** The image to change; `undefined` for `--base scratch`. @throws AppError USAGE */
function sourceOf(context: MutateContext, input: Input): Location | undefined {
  const base = readText(input, 'base');
  if (base === undefined) return context.locate(readArgument(input, 0, 'IMAGE'));
  if (base !== 'scratch') {
    throw new AppError('USAGE', `--base takes scratch, not "${base}"`, {
      hint: `Change the image itself: regctl mutate ${base} …`,
    });
  }
  if (input.args.length === 0) return undefined;
  throw new AppError('USAGE', `cannot start ${input.args[0]} from scratch: it is an image`, {
    hint: 'Leave out the image, and name the result with --tag.',
  });
}

async function openSource(
  context: MutateContext,
  workspace: Workspace,
  location: Location | undefined,
  options: CallOptions,
): Promise<{ readonly store: ReadStore; readonly root: Descriptor }> {
  if (location === undefined) return scratchImage(context.hostPlatform, options);
  const { store, ref } = await workspace.source(location, options);
  return { store, root: await store.resolve(ref, { ...options, purpose: 'content' }) };
}

async function rootEdits(
  context: MutateContext,
  workspace: Workspace,
  input: Input,
  { tools, location }: { readonly tools: LayerTools; readonly location: Location | undefined },
): Promise<{ readonly edits: RootEdits; readonly requireFound: () => void }> {
  const requested = requestedTime(context, input);
  const layers = layerOptions(input);
  const writesHistory = layers.append.length > 0 || layers.squash;
  const now = context
    .now()
    .toISOString()
    .replace(/\.\d+Z$/u, 'Z');
  const created = requested ?? (writesHistory ? { time: now, isExplicit: false } : undefined);
  const { steps, requireFound } = await layerSteps(context, workspace, {
    options: layers,
    tools,
    created: requested?.time ?? now,
    mtime: requested === undefined ? undefined : Date.parse(requested.time) / 1000,
    text: location?.text ?? 'scratch',
  });
  const platform = readPlatform(input);
  const to = readText(input, 'to');
  const annotations = annotationEdits(input);
  const config = configEdits(input, { created, platform, hasSteps: steps.length > 0 });
  const count = annotations.length + config.length + steps.length;
  if (count === 0 && to === undefined && location !== undefined) throw noChange(input);
  const { platform: chosen, concurrency } = context.flags;
  return {
    requireFound,
    edits: {
      image: {
        steps,
        config,
        to: to === undefined ? undefined : to === 'docker' ? 'v2s2' : 'oci',
        setsPlatform: platform !== undefined,
        warn: (text) => context.warn(text),
      },
      annotations,
      platforms: chosen === undefined || location === undefined ? [] : parsePlatforms(chosen),
      keepAttestations: readFlag(input, 'keepAttestations'),
      concurrency,
    },
  };
}

/** Where the result goes: `--tag`, the own tag with `--in-place`, else by digest next to IMAGE. */
function targetsFor(
  context: MutateContext,
  input: Input,
  location: Location | undefined,
  inPlace: boolean,
): readonly Target[] {
  const names = readList(input, 'tag');
  rejectTogether({ '--tag': names.length > 0, '--in-place': inPlace });
  if (names.length > 0) return targetsOf(context, names, location);
  if (location === undefined) {
    throw new AppError('USAGE', 'cannot write an image from scratch: it has no name', {
      hint: 'Name it: --tag registry.example.com/app:1',
    });
  }
  requireInPlace(location, inPlace ? '--in-place' : 'the write by digest');
  const { scheme, ref, tag } = location;
  if (!inPlace) return [{ location, tags: [] }];
  const isDigestGiven = ref !== undefined && isDigest(ref);
  const own = tag ?? (scheme === 'docker' ? DEFAULT_TAG : undefined);
  if (own !== undefined && !isDigestGiven) {
    return [{ location: withTag(location, own), tags: [own] }];
  }
  const what = isDigestGiven ? 'a digest' : 'no tag';
  throw new AppError('USAGE', `cannot change ${location.text} in place: it names ${what}`, {
    hint: 'Name only the tag that is to move, or write another one with --tag.',
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
