import { AppError } from '../../../errors/app-error.ts';
import { EXIT_STATUS } from '../../../errors/codes.ts';
import { collectGarbage, type GarbageReport } from '../../../server/gc/collect.ts';
import { claimDirectory, inspectDirectory } from '../../../server/storage/claim.ts';
import { createDiskStorage } from '../../../server/storage/disk.ts';
import type { Storage } from '../../../server/storage/types.ts';
import type { CallOptions } from '../../../util/abort.ts';
import { formatSize } from '../../../util/text/units.ts';
import type { Context } from '../../context.ts';
import { readFlag } from '../../input/read.ts';
import type { Result } from '../../result.ts';
import type { Input } from '../../types.ts';
import { readTime } from '../amounts.ts';
import { readDirectory } from '../directory.ts';
import { readUploadTtl } from '../expiry.ts';
import { chooseUntagged } from './untagged.ts';
import { Disposables } from '../../../store/disposables.ts';

/** Spares what a push wrote, or was told is there, for so long. */
const DEFAULT_GRACE_MS = 60 * 60_000;

/** Milliseconds. Next to pushes, a shorter time would break those between two requests. */
const MIN_GRACE_MS = 60_000;

const HELD_HINT = 'Let that server collect: send it SIGUSR1, or start it with --gc-interval 24h.';

export interface GarbageReportWithUploads extends GarbageReport {
  /** Abandoned uploads that were removed. */
  readonly uploads: number;
}

export type Collection = (storage: Storage, signal: AbortSignal) => Promise<GarbageReport>;

/** The collection that runs in the serving process. @throws AppError USAGE */
export function readCollection({ now }: Pick<Context, 'now'>, input: Input): Collection {
  const grace = readTime(input, 'gcGrace') ?? DEFAULT_GRACE_MS;
  if (grace < MIN_GRACE_MS) {
    throw new AppError('USAGE', '--gc-grace takes at least 1m while the registry serves', {
      hint: 'A push may pause between two requests: 1h is the default.',
    });
  }
  const choose = readChoice(input);
  return (storage, signal) =>
    collectGarbage(storage, { before: new Date(now().getTime() - grace), choose, signal });
}

/** Collects garbage below `--dir`, which no server may use; `--dry-run` only reads. */
export async function gc(
  context: Pick<Context, 'cwd' | 'now' | 'temporaries'>,
  input: Input,
  { signal }: CallOptions,
): Promise<Result> {
  const directory = readDirectory(context, input, 'gc');
  const dryRun = readFlag(input, 'dryRun');
  const grace = readTime(input, 'gcGrace') ?? DEFAULT_GRACE_MS;
  const choose = readChoice(input);
  const idle = new Date(context.now().getTime() - readUploadTtl(input));
  const before = new Date(context.now().getTime() - grace);
  await inspectDirectory(directory, { mustBeRegistry: true });
  await using held = new Disposables();
  if (!dryRun) {
    const temporaries = await context.temporaries();
    held.use(await claimDirectory(directory, { temporaries, signal, heldHint: HELD_HINT }));
  }
  const storage = createDiskStorage(directory, { readOnly: dryRun });
  const uploads = dryRun
    ? (await storage.uploads.list()).filter(({ touched }) => touched < idle).length
    : await storage.uploads.expire(idle);
  const report = await collectGarbage(storage, { before, dryRun, choose, signal });
  return resultOf({ ...report, uploads }, dryRun);
}

function readChoice(input: Input) {
  return chooseUntagged({
    untagged: readFlag(input, 'gcUntagged'),
    orphans: readFlag(input, 'gcOrphans'),
  });
}

function resultOf(report: GarbageReportWithUploads, dryRun: boolean): Result {
  const { repositories, manifests, blobs, uploads, young, unreadable } = report;
  return {
    kind: 'value',
    json: {
      DryRun: dryRun,
      Repositories: repositories,
      Manifests: { Kept: manifests.kept, Removed: manifests.removed },
      Blobs: { Kept: blobs.kept, Removed: blobs.removed, Bytes: blobs.bytes },
      Uploads: { Removed: uploads },
      Young: young,
      Unreadable: unreadable.map(({ repository, digest }) => ({
        Repository: repository,
        Digest: digest,
      })),
    },
    text: () =>
      [
        ...unreadable.map(
          ({ repository, digest }) =>
            `cannot read ${repository}@${digest}: nothing was removed from ${repository}\n`,
        ),
        `${summaryOf(report, dryRun)}\n`,
      ].join(''),
    exit: unreadable.length === 0 ? 0 : EXIT_STATUS.DIGEST_MISMATCH,
  };
}

/** "removed 3 blobs (12 MB), 1 manifest, 2 uploads; kept 20 blobs, 8 manifests" */
export function summaryOf(
  { manifests, blobs, young, ...rest }: GarbageReport & { readonly uploads?: number },
  dryRun = false,
): string {
  const removed = [
    `${count(blobs.removed, 'blob')} (${formatSize(blobs.bytes)})`,
    count(manifests.removed, 'manifest'),
    ...(rest.uploads === undefined ? [] : [count(rest.uploads, 'upload')]),
  ];
  const kept = [count(blobs.kept, 'blob'), count(manifests.kept, 'manifest')];
  const tooYoung = young === 0 ? '' : `; ${young} of no use, but too young`;
  return `${dryRun ? 'would remove' : 'removed'} ${removed.join(', ')}; kept ${kept.join(', ')}${tooYoung}`;
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}
