import type { YamlNode } from '../../util/text/yaml.ts';
import type { TagSet } from '../select.ts';
import type { Expand } from '../templates.ts';
import type { HostSettings, JobType, SyncFile, SyncFormat, SyncJob } from '../types.ts';
import { fail, type Field, type FileContext } from './reader.ts';
import type { Creds, Step } from './regsync-file.ts';
import { expandAt, type ResolvedStep, resolveRegsync, templateData } from './regsync-steps.ts';

const TYPES: ReadonlySet<string> = new Set<JobType>(['image', 'repository', 'registry']);

/** The platform of this machine. */
export const LOCAL = 'local';

/** Media types that regsync copies unless a file says otherwise. */
const ALL_TYPES = new Set([
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.oci.image.index.v1+json',
]);

/** @throws AppError USAGE */
export function readRegsync(
  node: YamlNode | undefined,
  file: FileContext,
  { expand, format }: { readonly expand: Expand; readonly format: SyncFormat },
): SyncFile {
  const { document, creds, steps } = resolveRegsync(node, file, {
    expand,
    own: format === 'regctl',
  });
  const hosts = new Map<string, HostSettings>();
  for (const one of creds) {
    const { name, settings } = hostOf(one, file);
    // If a registry is listed twice, the later entry adds to the earlier one.
    hosts.set(name, { ...hosts.get(name), ...settings });
  }
  const { parallel, state, budget } = document.defaults ?? {};
  return {
    format,
    jobs: steps.map((one) => jobOf(one, expand)),
    hosts,
    ...(parallel === undefined ? {} : { parallel: Math.max(1, parallel) }),
    ...(state === undefined || state === '' ? {} : { state }),
    ...(budget === undefined ? {} : { budget }),
  };
}

const TLS: Readonly<Record<string, Partial<HostSettings>>> = {
  '': {},
  enabled: {},
  insecure: { tlsVerify: false },
  disabled: { plainHttp: true },
};

const UNUSED_CREDS = ['credHelper', 'credHost', 'blobChunk', 'blobMax'] as const;

function hostOf(
  creds: Creds,
  file: FileContext,
): { readonly name: string; readonly settings: HostSettings } {
  const tls = TLS[creds.tls ?? ''];
  for (const key of UNUSED_CREDS) {
    if (creds[key] === undefined) continue;
    file.warn(`${file.name}, line ${creds.line}: "creds.${key}" has no effect here`);
  }
  const http = creds.scheme === 'http' ? { plainHttp: true } : {};
  const { user: username, pass: password, token, hostname, pathPrefix, mirrors } = creds;
  const { regcert: ca, clientCert, clientKey } = creds;
  const given = Object.entries({
    username,
    password,
    token,
    hostname,
    pathPrefix,
    mirrors,
    ca,
    clientCert,
    clientKey,
  }).filter(([, value]) => value !== undefined && value !== '');
  return {
    name: creds.registry ?? '',
    settings: { ...Object.fromEntries(given), ...tls, ...http },
  };
}

function jobOf({ step, field }: ResolvedStep, expand: Expand): SyncJob {
  const { file } = field;
  const at = (key: string): Field => ({ ...field, path: `${field.path}.${key}` });
  const type = step.type ?? '';
  if (!TYPES.has(type))
    fail(
      at('type'),
      type === ''
        ? 'is missing: image, repository or registry'
        : `"${type}" is not image, repository or registry`,
    );
  const { source = '', target = '' } = step;
  if (source === '') fail(at('source'), 'is missing');
  if (target === '') fail(at('target'), 'is missing');
  if (step.hooks !== undefined)
    file.warn(
      `${file.name}, line ${step.line}: hooks are not run, and regsync does not run them either`,
    );
  if (step.backup !== undefined) checkBackup(step, at('backup'), expand);
  const types = step.mediaTypes ?? [];
  const { platform = '' } = step;
  const isLocal = platform.toLowerCase() === LOCAL;
  const platforms = isLocal ? [] : platform === '' ? step.platforms : [platform];
  const sets: TagSet[] = [...(isSet(step.tags) ? [step.tags] : []), ...(step.tagSets ?? [])];
  return {
    ...(step.name === undefined ? {} : { name: step.name }),
    where: `${file.name}, line ${step.line}`,
    type: type as JobType,
    source,
    target,
    naming: {
      style: 'exact',
      ...(type === 'image' ? { defaultTag: 'latest' } : {}),
      ...(step.map === undefined
        ? {}
        : { map: step.map.map(({ from = '', to = '' }) => ({ pattern: from, template: to })) }),
    },
    tags: sets,
    repos: step.repos ?? {},
    platforms: platforms?.length === 0 ? undefined : platforms,
    platformsOfIndexes: true,
    hostPlatform: isLocal,
    newest: step.newest,
    since: step.since,
    minTags: step.minTags,
    referrers: step.referrers,
    referrerFilters: step.referrerFilters,
    referrerSource: step.referrerSource,
    referrerTarget: step.referrerTarget,
    digestTags: step.digestTags,
    mediaTypes: types.length === 0 ? [...ALL_TYPES] : types,
    deep: step.forceRecursive,
    fastCheck: step.fastCheck ?? step.fastCopy,
    allowNondistributable: step.includeExternal,
    immutable: step.immutable,
    missing: step.missing,
    delete: step.delete,
    maxDelete: step.maxDelete,
    deleteExclude: step.deleteExclude,
    sparseIndex: step.sparseIndex,
    backup: step.backup === '' ? undefined : step.backup,
    ratelimit: {
      ...(step.ratelimit?.min === undefined ? {} : { min: step.ratelimit.min }),
      ...(step.ratelimit?.retry === undefined ? {} : { retryMs: step.ratelimit.retry }),
    },
    schedule: step.schedule,
    intervalMs: step.interval,
  };
}

function isSet(tags: Step['tags']): tags is NonNullable<Step['tags']> {
  return tags !== undefined && Object.keys(tags).some((key) => key !== 'line');
}

const SAMPLE = { Scheme: 'reg', Registry: 'r', Repository: 'a', Tag: 't', Digest: '', Path: '' };

/** Reports an invalid template before anything is overwritten. */
function checkBackup(step: Step, field: Field, expand: Expand): void {
  const ref = { ...SAMPLE, Reference: 'r/a:t', CommonName: 'r/a:t' };
  const data = templateData(step);
  expandAt(step.backup ?? '', { Ref: ref, Step: data, Sync: data }, field, expand);
}
