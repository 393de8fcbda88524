import { isRegistryHost, isRepositoryName, isTag } from '../../reference/names.ts';
import { isDigest } from '../../oci/digest.ts';
import { sanitize } from '../../errors/sanitize.ts';
import type { YamlNode } from '../../util/text/yaml.ts';
import type { TagSet } from '../select.ts';
import type { HostSettings, Naming, SyncFile, SyncJob } from '../types.ts';
import {
  entriesOf,
  fail,
  type Field,
  type FileContext,
  flag,
  isNull,
  list,
  object,
  type Reader,
  record,
  text,
} from './reader.ts';

/** In skopeo's file, null does not count as text. */
const orNull =
  <T>(read: Reader<T>): Reader<T> =>
  (field) =>
    isNull(field.node) ? undefined : read(field);

const orEmpty: Reader<string> = (field) => (isNull(field.node) ? '' : text(field));

const refs: Reader<readonly string[]> = (field) => list(orNull(text))(field) ?? [];

const credentials = object({
  username: orNull(text),
  password: orNull(text),
  identitytoken: orNull(text),
});

/** Keys of a registry (skopeo-sync(1), "YAML file content"). */
const REGISTRY = {
  images: orNull(record(refs)),
  'images-by-tag-regex': orNull(record(orEmpty)),
  'images-by-semver': orNull(record(orEmpty)),
  credentials: orNull(credentials),
  'tls-verify': flag,
  'cert-dir': orNull(text),
};

const registry = orNull(object(REGISTRY));

export type SkopeoRegistry = NonNullable<ReturnType<typeof registry>>;

/** @throws AppError USAGE, also for a duplicate key */
export function readSkopeoDocument(
  node: YamlNode | undefined,
  file: FileContext,
): ReadonlyMap<string, { readonly field: Field; readonly registry: SkopeoRegistry }> {
  const all = new Map<string, { field: Field; registry: SkopeoRegistry }>();
  if (node === undefined) return all;
  rejectDuplicates({ node, path: '', file });
  for (const [name, field] of entriesOf({ node, path: '', file })) {
    const read = registry(field);
    if (read !== undefined) all.set(name, { field, registry: read });
  }
  return all;
}

function rejectDuplicates(field: Field): void {
  const { node, path, file } = field;
  if (node.kind !== 'map') return;
  const twice = node.duplicate();
  if (twice !== undefined) {
    const key = path === '' ? twice.key : `${path}.${twice.key}`;
    fail({ node: { ...twice.value, line: twice.line }, path: key, file }, 'stands twice');
  }
  // Registries, their sections, and the repositories of a section.
  if (path.split(' ').length > 2) return;
  for (const { key, value } of node.entries()) {
    rejectDuplicates({ node: value, path: path === '' ? key : `${path} ${key}`, file });
  }
}

export interface SkopeoOptions {
  /** DESTINATION from the command line. */
  readonly destination: string;
  readonly naming: Naming;
  /** `--all`: whole indexes; default: only this machine's platform. */
  readonly all: boolean;
}

/** Converts skopeo's file to jobs. @throws AppError USAGE that names file, line and key */
export function readSkopeo(
  node: YamlNode | undefined,
  file: FileContext,
  { destination, naming, all }: SkopeoOptions,
): SyncFile {
  const hosts = new Map<string, HostSettings>();
  const jobs: SyncJob[] = [];
  for (const [name, { field, registry: read }] of readSkopeoDocument(node, file)) {
    const isAnchor = name.startsWith('x-') || name.startsWith('.');
    if (isAnchor && read.images === undefined) continue;
    if (!isRegistryHost(name)) fail(field, 'is no registry: write HOST or HOST:PORT');
    hosts.set(name, settingsOf(read));
    const found = [...entriesIn(field, read)];
    if (found.length === 0)
      file.warn(`${file.name}, line ${field.node.line}: ${sanitize(name)} has no images`);
    for (const { repository, at, tags, refs: wanted } of found) {
      if (!isRepositoryName(repository)) fail(at, `"${repository}" is no repository`);
      const wrong = wanted?.find((ref) => !isTag(ref) && !isDigest(ref));
      if (wrong !== undefined) fail(at, `"${wrong}" is neither a tag nor a digest`);
      jobs.push({
        where: `${file.name}, line ${at.node.line}`,
        type: 'repository',
        source: `${name}/${repository}`,
        target: destination,
        naming,
        tags: tags === undefined ? [] : [tags],
        repos: {},
        ...(wanted === undefined || wanted.length === 0 ? {} : { refs: wanted }),
        hostPlatform: !all,
      });
    }
  }
  return { format: 'skopeo', jobs, hosts };
}

interface Found {
  readonly repository: string;
  readonly at: Field;
  readonly tags?: TagSet;
  readonly refs?: readonly string[];
}

function* entriesIn(field: Field, read: SkopeoRegistry): Generator<Found> {
  const fields = new Map(entriesOf(field));
  const at = (section: string, repository: string): Field => {
    const own = fields.get(section);
    return new Map(own === undefined ? [] : entriesOf(own)).get(repository) ?? field;
  };
  for (const [repository, wanted] of Object.entries(read.images ?? {})) {
    const place = at('images', repository);
    const { node } = place;
    const onlyNulls = node.kind === 'list' && node.items().length > 0 && wanted.length === 0;
    if (onlyNulls) fail(place, 'names no tag: write [] for all tags');
    yield { repository, at: place, refs: wanted };
  }
  for (const [repository, regex] of Object.entries(read['images-by-tag-regex'] ?? {})) {
    yield { repository, at: at('images-by-tag-regex', repository), tags: { regex } };
  }
  for (const [repository, semver] of Object.entries(read['images-by-semver'] ?? {})) {
    yield { repository, at: at('images-by-semver', repository), tags: { semver } };
  }
}

function settingsOf(read: SkopeoRegistry): HostSettings {
  const { username, password, identitytoken } = read.credentials ?? {};
  const given = Object.entries({
    username,
    password,
    token: identitytoken,
    tlsVerify: read['tls-verify'],
    certDir: read['cert-dir'],
  }).filter(([, value]) => value !== undefined && value !== '');
  return Object.fromEntries(given);
}
