import { AppError } from '../../errors/app-error.ts';
import { systemError } from '../../util/errno.ts';
import { isRecord } from '../../util/json.ts';
import { isDigest, type Digest } from '../../oci/digest.ts';
import { parseJsonStrict } from '../../oci/strict-json.ts';
import type { Goal } from '../../retention/goal.ts';
import type { CallOptions } from '../../util/abort.ts';
import { writeNamedFile } from '../output/named-file.ts';
import { readNamedFile } from '../../util/regular-file.ts';

/** Enough for a million tags. */
const MAX_PLAN_BYTES = 256 * 1024 * 1024;

/** A repository in a plan file. */
export interface PlannedRepository {
  readonly repository: string;
  readonly goal: Goal;
}

const KIND = 'regctl prune plan';
const VERSION = 1;

/** @throws AppError NO_SPACE, IO */
export async function writePlanFile(
  path: string,
  repositories: readonly PlannedRepository[],
): Promise<void> {
  const body = {
    Kind: KIND,
    Version: VERSION,
    Repositories: repositories.map(({ repository, goal }) => ({
      Repository: repository,
      Tags: [...goal.tags].map(([Tag, digest]) => ({ Tag, Digest: digest })),
      Manifests: [...goal.manifests],
    })),
  };
  await writeNamedFile(path, Buffer.from(`${JSON.stringify(body, undefined, 2)}\n`));
}

/** @throws AppError IO, USAGE if the file is not a plan */
export async function readPlanFile(
  path: string,
  options: CallOptions,
): Promise<readonly PlannedRepository[]> {
  let raw: Uint8Array;
  try {
    raw = (await readNamedFile(path, MAX_PLAN_BYTES, options)).bytes;
  } catch (error) {
    options.signal?.throwIfAborted();
    throw systemError(error, { verb: 'read', path });
  }
  const body = parseJsonStrict(raw, 'USAGE', `plan ${path}`);
  if (!isRecord(body) || body['Kind'] !== KIND || body['Version'] !== VERSION) {
    throw notAPlan(path, `it is no plan of this version (${VERSION})`);
  }
  const repositories = body['Repositories'];
  if (!Array.isArray(repositories)) throw notAPlan(path, '"Repositories" is not a list');
  return repositories.map((one: unknown) => parseRepository(path, one));
}

function parseRepository(path: string, one: unknown): PlannedRepository {
  const fail = (what: string): never => {
    throw notAPlan(path, what);
  };
  if (!isRecord(one) || typeof one['Repository'] !== 'string')
    return fail('a repository has no name');
  const { Repository: repository, Tags: listed, Manifests: named } = one;
  if (!Array.isArray(listed) || !Array.isArray(named)) return fail(`${repository} has no lists`);
  const tags = new Map<string, Digest>();
  for (const entry of listed as readonly unknown[]) {
    const { Tag: tag, Digest: digest } = isRecord(entry) ? entry : {};
    if (typeof tag !== 'string' || typeof digest !== 'string' || !isDigest(digest))
      return fail(`a tag of ${repository} has no digest`);
    tags.set(tag, digest);
  }
  const manifests = new Set<Digest>();
  for (const digest of named as readonly unknown[]) {
    if (typeof digest !== 'string' || !isDigest(digest))
      return fail(`a manifest of ${repository} is no digest`);
    manifests.add(digest);
  }
  return { repository, goal: { tags, manifests } };
}

function notAPlan(path: string, rule: string): AppError {
  return new AppError('USAGE', `cannot apply ${path}: ${rule}`, {
    hint: 'Write a plan with: regctl prune REPOSITORY … --plan FILE',
  });
}
