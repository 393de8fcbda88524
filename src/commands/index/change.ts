import type { AnnotationEdit } from '../../build/annotations.ts';
import { BuiltStore } from '../../build/built-store.ts';
import {
  isWhole,
  readSource,
  type IndexChild,
  type ReadSource,
} from '../../build/index/children.ts';
import { buildIndex } from '../../build/index/node.ts';
import { AppError } from '../../errors/app-error.ts';
import { isDigest } from '../../oci/digest.ts';
import { DEFAULT_TAG } from '../../reference/format.ts';
import type { Location } from '../../transports/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { readArgument, readFlag, readList, readText, rejectTogether } from '../input/read.ts';
import { publish } from '../publish/publish.ts';
import { writeDigestFile } from '../output/digest-file.ts';
import { noteLeftOut, noteMovedTag } from '../publish/result.ts';
import { targetsOf, withTag, type Target } from '../publish/targets.ts';
import { requireInPlace, Workspace } from '../publish/workspace.ts';
import type { Result } from '../result.ts';
import { startStats } from '../transfer/json.ts';
import type { Input } from '../types.ts';
import type { IndexContext } from './create-run.ts';
import { indexAnnotations } from './options.ts';
import { indexResult, type MadeIndex } from './result.ts';

/** What a command makes of the children of an index. */
export type Change = (
  index: ReadSource,
  open: { readonly workspace: Workspace; readonly built: BuiltStore },
) => Promise<readonly IndexChild[]>;

/**
 * Changes an index and moves its tag, unless `--tag` names others; an index that is named by its
 * digest is written by its digest.
 */
export async function changeIndex(
  context: IndexContext,
  input: Input,
  options: CallOptions,
  change: Change,
): Promise<Result> {
  const cost = startStats(context);
  const location = context.locate(readArgument(input, 0, 'INDEX'));
  const names = readList(input, 'tag');
  const targets = names.length > 0 ? targetsOf(context, names, location) : [ownTarget(location)];
  const [dryRun, digestFile] = [readFlag(input, 'dryRun'), readText(input, 'digestfile')];
  rejectTogether({ '--dry-run': dryRun, '--digestfile': digestFile !== undefined });
  const annotations = indexAnnotations(input);

  await using workspace = new Workspace(context, targets);
  const built = new BuiltStore(location.text);
  const { store, ref } = await workspace.source(location, options);
  const root = await store.resolve(ref, { ...options, purpose: 'content' });
  const index = await readSource(built, { store, root, text: location.text }, options);
  const children = await change(index, { workspace, built });
  const made = await rebuilt(context, built, index, { children, annotations }, options);
  const counts = await publish(context, workspace, built, made.root, targets, {
    ...options,
    noClobber: readFlag(input, 'noClobber'),
    dryRun,
  });
  if (!dryRun && names.length === 0) {
    for (const target of targets) noteMovedTag(context, target, root, made.root);
  }
  await writeDigestFile(context, digestFile, made.root);
  return indexResult(targets, made, { counts, stats: cost(), dryRun });
}

async function rebuilt(
  context: IndexContext,
  built: BuiltStore,
  index: ReadSource,
  {
    children,
    annotations,
  }: {
    readonly children: readonly IndexChild[];
    readonly annotations: readonly AnnotationEdit[];
  },
  options: CallOptions,
): Promise<MadeIndex> {
  const before = index.manifest.kind === 'index' ? index.manifest : undefined;
  if (annotations.length === 0 && isWhole(index, children)) return { root: index.root, children };
  const {
    node,
    children: listed,
    leftOut,
  } = await buildIndex(built, children, { annotations, before }, options);
  noteLeftOut(context, leftOut);
  return { root: node.descriptor, children: listed };
}

/** The name of the index itself. @throws AppError USAGE if it cannot be changed where it is */
function ownTarget(location: Location): Target {
  requireInPlace(location, 'the change in place');
  const { scheme, ref, tag } = location;
  const isByDigest = ref !== undefined && isDigest(ref);
  if (isByDigest) return { location, tags: [] };
  const own = tag ?? (scheme === 'docker' ? DEFAULT_TAG : undefined);
  return own === undefined
    ? { location, tags: [] }
    : { location: withTag(location, own), tags: [own] };
}

/** @throws AppError UNSUPPORTED for a single image */
export function requireIndex({ manifest, text }: ReadSource, verb: string): void {
  if (manifest.kind === 'index') return;
  throw new AppError('UNSUPPORTED', `cannot ${verb} ${text}: it is a single image, not an index`, {
    hint: `Make an index of it first: regctl index create --as-index NAME ${text}`,
  });
}
