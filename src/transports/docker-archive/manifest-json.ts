import { AppError } from '../../errors/app-error.ts';
import { isRecord } from '../../util/json.ts';
import { DOCKER_ARCHIVE_ENTRY } from '../../oci/document-members.ts';
import { parseJsonStrict } from '../../oci/strict-json.ts';

/** One image of `manifest.json`, as `docker save` writes it. */
export interface DockerImageEntry {
  /** Name of the member that holds the configuration. */
  readonly Config: string;
  readonly RepoTags: readonly string[];
  /** Names of the members that hold the layers, lowest layer first. */
  readonly Layers: readonly string[];
}

/** @throws AppError CORRUPT_ARCHIVE naming `path` */
export function parseManifestJson(bytes: Uint8Array, path: string): readonly DockerImageEntry[] {
  const where = `${path}: manifest.json`;
  const json = parseJsonStrict(bytes, 'CORRUPT_ARCHIVE', where, DOCKER_ARCHIVE_ENTRY);
  if (!Array.isArray(json)) throw corrupt(where, 'it is not a list');
  return json.map((entry: unknown, i) => {
    if (!isRecord(entry)) throw corrupt(where, `entry ${i} is not an object`);
    const { Config, RepoTags, Layers } = entry;
    if (typeof Config !== 'string' || Config === '')
      throw corrupt(where, `entry ${i} names no Config`);
    return {
      Config,
      RepoTags: strings(RepoTags, `RepoTags of entry ${i}`, where),
      Layers: strings(Layers, `Layers of entry ${i}`, where),
    };
  });
}

export function printManifestJson(images: readonly DockerImageEntry[]): string {
  return `${JSON.stringify(
    images.map(({ Config, RepoTags, Layers }) => ({
      Config,
      RepoTags: RepoTags.length === 0 ? null : RepoTags,
      Layers,
    })),
  )}\n`;
}

/** Go writes an empty list as null. */
function strings(value: unknown, what: string, where: string): readonly string[] {
  const list = value ?? [];
  if (Array.isArray(list) && list.every((one): one is string => typeof one === 'string'))
    return list;
  throw corrupt(where, `${what}: not a list of names`);
}

function corrupt(where: string, rule: string): AppError {
  return new AppError('CORRUPT_ARCHIVE', `${where}: ${rule}`, {
    hint: 'The archive is damaged; write it again from its source.',
  });
}
