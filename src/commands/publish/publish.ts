import { copyImage } from '../../copy/copy-image.ts';
import { createDryRunStore } from '../../copy/dry-run.ts';
import type { CopyCounts, CopySummary } from '../../copy/types.ts';
import type { BuiltStore } from '../../build/built-store.ts';
import { AppError } from '../../errors/app-error.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { createMemoryStore } from '../../store/memory.ts';
import type { ReadStore, WriteStore } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { isEngine, isPipe } from '../../client/copy-locations.ts';
import type { Target } from './targets.ts';
import type { Workspace, WorkspaceContext } from './workspace.ts';

export interface PublishOptions extends CallOptions {
  readonly noClobber: boolean;
  readonly dryRun: boolean;
}

/**
 * Writes a built image to its targets: what a target has already is not sent, and what is in another
 * repository of its registry is mounted. The tags are written last.
 * @throws as copyImage does
 */
export async function publish(
  context: WorkspaceContext,
  workspace: Workspace,
  built: BuiltStore,
  root: Descriptor,
  targets: readonly Target[],
  options: PublishOptions,
): Promise<CopyCounts> {
  const counts: CopyCounts[] = [];
  for (const target of targets) {
    counts.push(await publishTo(context, workspace, built, root, target, options));
  }
  return sum(counts);
}

async function publishTo(
  context: WorkspaceContext,
  workspace: Workspace,
  built: BuiltStore,
  root: Descriptor,
  target: Target,
  { noClobber, dryRun, signal }: PublishOptions,
): Promise<CopySummary> {
  const [destinationTag, ...additionalTags] = target.tags;
  const isPresent = (descriptor: Descriptor): boolean =>
    workspace.isInPlace(built.originOf(descriptor), target);
  const isForeign = built.origins().some((store) => !workspace.isInPlace(store, target));
  const destination = dryRun
    ? createDryRunStore(await readable(context, workspace, target, { signal }))
    : await workspace.target(target, { signal });
  return copyImage({
    source: built.besides((store) => workspace.isInPlace(store, target)),
    destination,
    sourceRef: root.digest,
    destinationTag,
    additionalTags,
    isPresent,
    mountFrom: (descriptor) => workspace.neighbourOf(built.originOf(descriptor), target),
    // Layers of the same place need not be looked at, wherever their bytes are.
    allowNondistributable: !isForeign,
    // Referrers of children that stay come along; there are none of what is new.
    referrers: isForeign,
    sourceTags: [],
    // A look is of use only if it may save the transfer of what another place has.
    recheck: !isForeign,
    noClobber,
    concurrency: context.flags.concurrency,
    signal,
    emit: (event) => context.emit(event),
  });
}

/** The target as a dry run sees it: nothing is created. */
async function readable(
  context: WorkspaceContext,
  workspace: Workspace,
  target: Target,
  call: CallOptions,
): Promise<ReadStore | WriteStore> {
  const { location } = target;
  if (location.scheme === 'docker') return workspace.target(target, call);
  if (isPipe(location) || isEngine(location)) return createMemoryStore(location.text);
  try {
    return await context.openRead({ ...location, ref: undefined }, 'dest', call);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'PATH_UNKNOWN') throw error;
    return createMemoryStore(location.text);
  }
}

function sum(all: readonly CopyCounts[]): CopyCounts {
  const add = (pick: (one: CopyCounts) => number): number =>
    all.reduce((total, one) => total + pick(one), 0);
  return {
    blobs: {
      written: add(({ blobs }) => blobs.written),
      mounted: add(({ blobs }) => blobs.mounted),
      present: add(({ blobs }) => blobs.present),
    },
    bytes: { sent: add(({ bytes }) => bytes.sent), skipped: add(({ bytes }) => bytes.skipped) },
  };
}
