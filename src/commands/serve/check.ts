import { EXIT_STATUS } from '../../errors/codes.ts';
import { checkStorage, type CheckReport, type Problem } from '../../server/check.ts';
import { inspectDirectory } from '../../server/storage/claim.ts';
import { createDiskStorage } from '../../server/storage/disk.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Context } from '../context.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';
import { readDirectory } from './directory.ts';

/** Verifies everything below `--dir`, even while a server uses it; exit status 5 for any damage. */
export async function check(
  context: Pick<Context, 'cwd'>,
  input: Input,
  { signal }: CallOptions,
): Promise<Result> {
  const directory = readDirectory(context, input, 'check');
  await inspectDirectory(directory);
  const report = await checkStorage(createDiskStorage(directory), signal);
  return {
    kind: 'value',
    json: {
      Repositories: report.repositories,
      Blobs: report.blobs,
      Manifests: report.manifests,
      Problems: report.problems.map(({ kind, repository, digest, namedBy }) => ({
        Kind: kind,
        Repository: repository,
        Digest: digest,
        ...(namedBy === undefined ? {} : { NamedBy: namedBy }),
      })),
    },
    text: () => `${[...report.problems.map(lineOf), summaryOf(report)].join('\n')}\n`,
    exit: report.problems.length === 0 ? 0 : EXIT_STATUS.DIGEST_MISMATCH,
  };
}

function lineOf({ kind, repository, digest, namedBy }: Problem): string {
  return `${kind}: ${repository}@${digest}${namedBy === undefined ? '' : `, named by ${namedBy}`}`;
}

function summaryOf({ repositories, blobs, manifests, problems }: CheckReport): string {
  const found = problems.length === 0 ? 'no problems' : count(problems.length, 'problem');
  const checked = [
    count(manifests, 'manifest'),
    count(blobs, 'blob'),
    repositories === 1 ? '1 repository' : `${repositories} repositories`,
  ];
  return `${checked.join(', ')}: ${found}`;
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}
