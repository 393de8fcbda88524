import { AppError } from '../errors/app-error.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { CallOptions, WriteStore } from '../store/types.ts';
import { sourceOf } from '../store/verify.ts';
import { nameIn, onSide } from './errors.ts';
import { lookUpTag, planRoot, type Plan } from './plan.ts';
import { withScope, type Scope } from './scope.ts';
import { Tally } from './tally.ts';
import type { CopyOptions, CopySummary } from './types.ts';
import { Walk } from './walk.ts';

/**
 * Copies one image or artifact, a whole index unless `platform` is given. Digests are kept. The
 * root is pushed last and its tag with it, so a failed run leaves no tag behind.
 * @throws CopyError naming the side that failed; AppError PLATFORM_UNKNOWN, TAG_EXISTS (noClobber),
 * UNSUPPORTED; the signal's reason when aborted
 */
export async function copyImage(options: CopyOptions): Promise<CopySummary> {
  return withScope(options.signal, async (scope) => {
    const tally = new Tally((event) => options.emit(event));
    const plan = await planRoot(options, scope);
    const tags = await wantedTags(options, plan, scope);
    await write(options, plan, tags, scope, tally);
    if (options.commit !== false) await commit(options, scope);
    return tally.summary(plan.root);
  });
}

interface TagState {
  readonly tag: string;
  /** What it points at, where that was asked for. */
  readonly existing: Descriptor | undefined;
}

/** The additional tags that have to be set. Asked for first only where that can save a write or refuse one. */
async function wantedTags(options: CopyOptions, plan: Plan, scope: Scope): Promise<string[]> {
  const { destination, destinationTag, additionalTags, noClobber } = options;
  const ask = noClobber === true || isUpToDate(plan);
  const names = [...new Set(additionalTags)].filter((tag) => tag !== destinationTag);
  const states = await scope.all<TagState>(
    names.map(async (tag) => ({
      tag,
      existing: ask ? await lookUpTag(destination, tag, { signal: scope.signal }) : undefined,
    })),
  );
  if (noClobber === true) {
    if (destinationTag !== undefined)
      refuseOther(destinationTag, plan.existing, plan.root, destination.label);
    for (const { tag, existing } of states)
      refuseOther(tag, existing, plan.root, destination.label);
  }
  return states
    .filter(({ existing }) => existing?.digest !== plan.root.digest)
    .map(({ tag }) => tag);
}

async function write(
  options: CopyOptions,
  plan: Plan,
  tags: readonly string[],
  scope: Scope,
  tally: Tally,
): Promise<void> {
  const { root, manifest, existing } = plan;
  const { destinationTag, destination, sameRepository } = options;
  const asked = destinationTag === undefined || existing !== undefined;
  const walk = new Walk(options, scope, tally, asked);
  if (isUpToDate(plan) || manifest === undefined) {
    tally.found(root);
    tally.present(root);
  } else if (sameRepository === true || (asked && (await walk.has(root)))) {
    tally.found(root);
    await walk.manifestAlone(root, manifest, destinationTag);
  } else {
    await walk.root(root, manifest, destinationTag);
  }
  for (const tag of tags) {
    await onSide('destination', `cannot set ${nameIn(destination, tag)}`, tag, () =>
      setTag(destination, plan, tag, { signal: scope.signal }),
    );
  }
}

/** The manifest's bytes, where they are at hand, spare a registry from being asked for them. */
async function setTag(
  destination: WriteStore,
  { root, manifest }: Plan,
  tag: string,
  call: CallOptions,
): Promise<void> {
  if (manifest === undefined) await destination.tag(root, tag, call);
  else await destination.push(sourceOf(root, manifest.raw), { ...call, tag });
}

function isUpToDate({ root, existing }: Plan): boolean {
  return existing?.digest === root.digest;
}

function refuseOther(
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

async function commit({ destination }: CopyOptions, scope: Scope): Promise<void> {
  await onSide('destination', `cannot finish ${destination.label}`, undefined, () =>
    destination.commit({ signal: scope.signal }),
  );
}
