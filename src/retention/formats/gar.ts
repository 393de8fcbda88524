import type { Time } from '../types.ts';
import {
  byImage,
  countAt,
  DAY,
  DELETE,
  isObject,
  KEEP,
  newestFirst,
  refuse,
  stringsAt,
  type ToolImage,
  type ToolPolicyFor,
} from './types.ts';

interface GarPolicy {
  readonly name: string;
  readonly keeps: boolean;
  readonly applies: (repository: string) => boolean;
  /** How many of the newest versions it keeps; absent: those that meet `condition`. */
  readonly keepCount: number | undefined;
  readonly condition: (image: ToolImage, now: Time) => boolean;
}

/**
 * Parses cleanup policies of Google Artifact Registry (cloud.google.com/artifact-registry:
 * cleanup-policy). A Keep rule always overrides a Delete rule; Keep rules without a Delete rule
 * have no effect.
 * @throws AppError USAGE
 */
export function parseGar(value: unknown): ToolPolicyFor {
  if (!Array.isArray(value)) return refuse('policies of Artifact Registry are a list');
  const policies = value.map(parsePolicy);
  return (repository) => ({
    needsPulls: false,
    decide(images, now) {
      const own = policies.filter((one) => one.applies(packageOf(repository)));
      const find = (keeps: boolean, image: ToolImage): GarPolicy | undefined =>
        own.find((one) => one.keeps === keeps && meets(one, image, images, now));
      return byImage(images, (image) => {
        const kept = find(true, image);
        if (kept !== undefined) return KEEP(kept.name);
        const gone = find(false, image);
        return gone === undefined ? KEEP('no policy deletes it') : DELETE(gone.name);
      });
    },
  });
}

function meets(
  { keepCount, condition }: GarPolicy,
  image: ToolImage,
  images: readonly ToolImage[],
  now: Time,
): boolean {
  if (keepCount === undefined) return condition(image, now);
  return image.time === undefined || newestFirst(images).slice(0, keepCount).includes(image);
}

/**
 * The package in LOCATION-docker.pkg.dev/PROJECT/REPOSITORY/PACKAGE; for another host, the path
 * after the host.
 */
function packageOf(repository: string): string {
  const [host = '', ...path] = repository.split('/');
  if (path.length === 0) return host;
  return (host.endsWith('-docker.pkg.dev') ? path.slice(2) : path).join('/');
}

function parsePolicy(value: unknown): GarPolicy {
  const policy = isObject(value) ? value : refuse('a policy is not an object');
  const name = typeof policy['name'] === 'string' ? policy['name'] : refuse('a policy has no name');
  const action = isObject(policy['action']) ? policy['action']['type'] : policy['action'];
  const type = typeof action === 'string' ? action.toLowerCase() : '';
  if (type !== 'keep' && type !== 'delete') return refuse(`${name}: the action is Keep or Delete`);
  const recent = policy['mostRecentVersions'];
  const condition = policy['condition'];
  if (recent !== undefined && condition !== undefined)
    return refuse(`${name}: condition and mostRecentVersions in one policy`);
  if (recent !== undefined && type !== 'keep')
    return refuse(`${name}: mostRecentVersions is for Keep`);
  const scope = isObject(recent) ? recent : isObject(condition) ? condition : {};
  const packages = stringsAt(scope, 'packageNamePrefixes') ?? [];
  const keepCount = isObject(recent) ? countAt(recent, 'keepCount') : undefined;
  if (recent !== undefined && keepCount === undefined)
    return refuse(`${name}: keepCount is missing`);
  return {
    name,
    keeps: type === 'keep',
    applies: (repository) =>
      packages.length === 0 || packages.some((prefix) => repository.startsWith(prefix)),
    keepCount,
    condition: parseCondition(name, isObject(condition) ? condition : {}),
  };
}

const KNOWN = [
  'tagState',
  'tagPrefixes',
  'versionNamePrefixes',
  'packageNamePrefixes',
  'olderThan',
  'newerThan',
];

function parseCondition(
  name: string,
  condition: Readonly<Record<string, unknown>>,
): GarPolicy['condition'] {
  const unknown = Object.keys(condition).find((key) => !KNOWN.includes(key));
  if (unknown !== undefined) return refuse(`${name}: "${unknown}" is no condition`);
  const given = condition['tagState'] ?? 'any';
  const state = typeof given === 'string' ? given.toLowerCase() : '';
  if (!['any', 'tagged', 'untagged', 'tag_state_unspecified'].includes(state))
    return refuse(`${name}: tagState is tagged, untagged or any`);
  const tags = stringsAt(condition, 'tagPrefixes') ?? [];
  const versions = stringsAt(condition, 'versionNamePrefixes') ?? [];
  const older = spanAt(name, condition['olderThan']);
  const newer = spanAt(name, condition['newerThan']);
  return (image, now) => {
    const age = image.time === undefined ? 0 : now - image.time;
    return (
      (state !== 'tagged' || image.tags.length > 0) &&
      (state !== 'untagged' || image.tags.length === 0) &&
      (tags.length === 0 || image.tags.some((tag) => tags.some((one) => tag.startsWith(one)))) &&
      (versions.length === 0 || versions.some((one) => image.digest.startsWith(one))) &&
      (older === undefined || (image.time !== undefined && age > older)) &&
      (newer === undefined || age < newer)
    );
  };
}

const UNITS: Readonly<Record<string, number>> = { d: DAY, h: DAY / 24, m: DAY / 1440, s: 1000 };

function spanAt(name: string, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  const match = /^(\d{1,9})([dhms])$/u.exec(typeof value === 'string' ? value : '');
  if (match === null) return refuse(`${name}: an age is written as 30d, 12h, 5m or 600s`);
  return Number(match[1]) * (UNITS[match[2] ?? ''] ?? 0);
}
