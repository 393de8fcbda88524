import { AppError } from '../errors/app-error.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { isUpToDate, lookUpTag, type RootPlan } from './resolve-root.ts';
import type { TaskGroup } from './engine/task-group.ts';
import type { Slots } from './engine/slots.ts';
import type { CopyRunOptions, ImageRequest } from './types.ts';

interface TagState {
  readonly tag: string;
  /** What the tag points to, if it was looked up. */
  readonly existing: Descriptor | undefined;
}

/**
 * Returns the additional tags that have to be written. A tag is looked up first only if that can
 * save or prevent a write.
 * @throws AppError TAG_EXISTS with noClobber, for the destination's own tag as well
 */
export async function tagsToWrite(
  { destination, noClobber }: CopyRunOptions,
  { destinationTag, additionalTags }: ImageRequest,
  plan: RootPlan,
  tasks: TaskGroup,
  slots: Slots,
): Promise<string[]> {
  const ask = noClobber === true || isUpToDate(plan);
  const names = [...new Set(additionalTags)].filter((tag) => tag !== destinationTag);
  const { signal } = tasks;
  const lookUp = (tag: string): Promise<Descriptor | undefined> =>
    slots.on(
      'destination',
      () => lookUpTag(destination, tag, { signal, trustAbsence: noClobber !== true }),
      signal,
    );
  const states = await tasks.all<TagState>(
    names.map(async (tag) => ({
      tag,
      existing: ask ? await lookUp(tag) : undefined,
    })),
  );
  if (noClobber === true) {
    if (destinationTag !== undefined)
      rejectMovedTag(destinationTag, plan.existing, plan.root, destination.label);
    for (const { tag, existing } of states)
      rejectMovedTag(tag, existing, plan.root, destination.label);
  }
  return states
    .filter(({ existing }) => existing?.digest !== plan.root.digest)
    .map(({ tag }) => tag);
}

function rejectMovedTag(
  tag: string,
  existing: Descriptor | undefined,
  root: Descriptor,
  label: string,
): void {
  if (existing === undefined || existing.digest === root.digest) return;
  throw new AppError(
    'TAG_EXISTS',
    `${label} has the tag "${tag}" already, with ${existing.digest}`,
    {
      hint: 'Choose another tag, or leave out --no-clobber to move it.',
      details: { tag, existing: existing.digest, wanted: root.digest },
    },
  );
}
