import type { LeftOut } from '../../build/proofs.ts';
import type { CopyCounts } from '../../copy/types.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { formatPlatform } from '../../oci/platform.ts';
import { isAttestation } from '../../store/index-entries.ts';
import type { Context } from '../context.ts';
import { countsJson, type CommandStats, type CountsJson } from '../transfer/json.ts';
import { namesOf, type Target } from './targets.ts';

export interface PublishedJson extends CountsJson, CommandStats {
  readonly Destinations: readonly string[];
  /** REPOSITORY@DIGEST of the first destination. */
  readonly Reference: string;
  readonly Digest: string;
  readonly MediaType: string;
  readonly Tags: readonly string[];
  readonly DryRun?: true;
}

/** Members that every command has that publishes an image. */
export function publishedJson(
  targets: readonly Target[],
  root: Descriptor,
  {
    counts,
    stats,
    dryRun,
  }: {
    readonly counts: CopyCounts;
    readonly stats: CommandStats;
    readonly dryRun: boolean;
  },
): PublishedJson {
  return {
    Destinations: targets.flatMap((target) => namesOf(target, root.digest)),
    Reference: targets.flatMap((one) => namesOf({ ...one, tags: [] }, root.digest))[0] ?? '',
    Digest: root.digest,
    MediaType: root.mediaType,
    Tags: targets.flatMap(({ tags }) => tags),
    ...(dryRun ? { DryRun: true } : {}),
    ...countsJson(counts),
    ...stats,
  };
}

export interface ChildJson {
  readonly Platform: string;
  readonly Digest: string;
  readonly MediaType: string;
  readonly Size: number;
}

export function childJson(descriptor: Descriptor): ChildJson {
  const { digest, mediaType, size, platform } = descriptor;
  const name = platform === undefined ? '' : formatPlatform(platform);
  return {
    Platform: isAttestation(descriptor) ? 'attestation' : name,
    Digest: digest,
    MediaType: mediaType,
    Size: size,
  };
}

/** "2 attestations of linux/amd64 describe the image before this change: left out" */
export function noteLeftOut({ note }: Pick<Context, 'note'>, leftOut: readonly LeftOut[]): void {
  for (const { platform, count } of leftOut) {
    const [what, verb] = count === 1 ? ['attestation', 'describes'] : ['attestations', 'describe'];
    note(`${count} ${what} of ${platform} ${verb} the image before this change: left out`);
  }
}

/** Names what a moved tag pointed to, and the line that moves it back. */
export function noteMovedTag(
  { note }: Pick<Context, 'note'>,
  { location, tags }: Target,
  before: Descriptor | undefined,
  after: Descriptor,
): void {
  if (before === undefined || before.digest === after.digest) return;
  const { scheme, name } = location;
  const place = scheme === 'docker' ? name : `${scheme}:${name}`;
  for (const tag of tags) {
    note(`${place}:${tag} was ${before.digest}; undo: regctl tag ${place}@${before.digest} ${tag}`);
  }
}
