import { BuiltStore } from '../../build/built-store.ts';
import { filterChildren, isWhole, mergeChildren, readSource } from '../../build/index/children.ts';
import { buildIndex } from '../../build/index/node.ts';
import { AppError } from '../../errors/app-error.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { parsePlatforms } from '../../oci/platform.ts';
import { isTag } from '../../reference/names.ts';
import type { Location } from '../../transports/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { mapParallel } from '../../util/parallel.ts';
import type { Context } from '../context.ts';
import { readArgument, readFlag, readList, readText, rejectTogether } from '../input/read.ts';
import { publish } from '../publish/publish.ts';
import { writeDigestFile } from '../output/digest-file.ts';
import { noteLeftOut } from '../publish/result.ts';
import { targetsOf, withTag } from '../publish/targets.ts';
import { Workspace } from '../publish/workspace.ts';
import type { Result } from '../result.ts';
import { startStats } from '../transfer/json.ts';
import type { Input } from '../types.ts';
import { indexAnnotations } from './options.ts';
import { indexResult, type MadeIndex } from './result.ts';
import { openRoots, type SourcesContext } from './sources.ts';

export type IndexContext = SourcesContext & Pick<Context, 'now' | 'requestCount'>;

/**
 * Makes an index of images and of the children of indexes, wherever they are.
 * @throws AppError USAGE, PLATFORM_CONFLICT, PLATFORM_UNKNOWN; as copyImage does
 */
export async function run(
  context: IndexContext,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const cost = startStats(context);
  const name = readArgument(input, 0, 'TAG');
  const home = context.locate(name);
  const targets = targetsOf(context, [name, ...readList(input, 'tag')], home);
  const given = { names: input.args.slice(1), files: readList(input, 'fromFile') };
  const count = given.names.length + given.files.length;
  if (count === 0 && !readFlag(input, 'asIndex')) throw noSources(name);
  const [dryRun, digestFile] = [readFlag(input, 'dryRun'), readText(input, 'digestfile')];
  rejectTogether({ '--dry-run': dryRun, '--digestfile': digestFile !== undefined });

  await using workspace = new Workspace(context, targets);
  const built = new BuiltStore('the new index');
  const made = await makeIndex(context, workspace, built, { input, home, given }, options);
  const counts = await publish(context, workspace, built, made.root, targets, {
    ...options,
    noClobber: readFlag(input, 'noClobber'),
    dryRun,
  });
  await writeDigestFile(context, digestFile, made.root);
  return indexResult(targets, made, { counts, stats: cost(), dryRun });
}

/** A single source stays what it is, unless something is asked for that it is not. */
async function makeIndex(
  context: IndexContext,
  workspace: Workspace,
  built: BuiltStore,
  {
    input,
    home,
    given,
  }: {
    readonly input: Input;
    readonly home: Location;
    readonly given: { readonly names: readonly string[]; readonly files: readonly string[] };
  },
  options: CallOptions,
): Promise<MadeIndex> {
  const annotations = indexAnnotations(input);
  const { platform, concurrency } = context.flags;
  const wanted = platform === undefined ? [] : parsePlatforms(platform);
  const homeStore = async () => (await workspace.source(home, options)).store;
  const roots = await openRoots(context, workspace, given, homeStore, options);
  const sources = await mapParallel(
    roots,
    concurrency,
    (root, call) => readSource(built, root, call),
    options,
  );
  const merged = mergeChildren(sources.map(({ children }) => children));
  const where = sources.map(({ text }) => text).join(', ');
  const children = filterChildren(merged, wanted, where);
  const subject = await subjectOf(context, workspace, home, input, options);
  const [only, ...others] = sources;
  const single = others.length === 0 ? only : undefined;
  const artifactType = readText(input, 'artifactType');
  const isChanged = annotations.length > 0 || (subject ?? artifactType) !== undefined;
  if (single !== undefined && !isChanged) {
    const isImage = single.manifest.kind === 'image' && !readFlag(input, 'asIndex');
    if (isImage || isWhole(single, children)) return { root: single.root, children };
  }
  const before = single?.manifest.kind === 'index' ? single.manifest : undefined;
  const index = await buildIndex(
    built,
    children,
    { annotations, subject, artifactType, before },
    options,
  );
  noteLeftOut(context, index.leftOut);
  return { root: index.node.descriptor, children: index.children };
}

/** `--subject`: a tag is in the repository of the new index. */
async function subjectOf(
  context: IndexContext,
  workspace: Workspace,
  home: Location,
  input: Input,
  options: CallOptions,
): Promise<Descriptor | undefined> {
  const text = readText(input, 'subject');
  if (text === undefined) return undefined;
  const location = isTag(text) ? withTag(home, text) : context.locate(text);
  const { store, ref } = await workspace.source(location, options);
  return store.resolve(ref, options);
}

function noSources(name: string): AppError {
  return new AppError('USAGE', `cannot create ${name}: no image is named`, {
    hint: `Name the images that it lists: regctl index create ${name} IMAGE…`,
  });
}
