import type { YamlNode } from '../../util/text/yaml.ts';
import type { TagSet } from '../select.ts';
import type { Expand } from '../templates.ts';
import type { HostSettings, JobType, SyncFile, SyncFormat, SyncJob } from '../types.ts';
import { fail, type Field, type FileContext } from './reader.ts';
import {
  type Creds,
  type Defaults,
  readRegsyncDocument,
  type RegsyncDocument,
  type Step,
} from './regsync-file.ts';

/** regsync's minimum wait before it checks the pull limit again. */
const MIN_RETRY_MS = 5 * 60_000;

const TYPES: ReadonlySet<string> = new Set<JobType>(['image', 'repository', 'registry']);

/** Media types that regsync copies unless a file says otherwise. */
const ALL_TYPES = new Set([
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.oci.image.index.v1+json',
]);

/** A step with defaults applied and templates expanded, as regsync uses it. */
export interface ResolvedStep {
  readonly step: Step;
  readonly field: Field;
}

export interface ResolvedFile {
  readonly document: RegsyncDocument;
  readonly creds: readonly Creds[];
  readonly steps: readonly ResolvedStep[];
}

/** @throws AppError USAGE */
export function resolveRegsync(
  node: YamlNode | undefined,
  file: FileContext,
  { expand, own }: { readonly expand: Expand; readonly own: boolean },
): ResolvedFile {
  const document = readRegsyncDocument(node, file, own);
  const creds = (document.creds ?? []).map((one) => expandCreds(one, file, expand));
  const steps = (document.sync ?? []).map(({ step, field }): ResolvedStep => {
    const full = withDefaults(step, document.defaults ?? {});
    return { field, step: expandStep(full, field, expand) };
  });
  return { document, creds, steps };
}

const CREDS_TEMPLATES = ['registry', 'user', 'pass', 'regcert', 'clientCert', 'clientKey'] as const;

function expandCreds(creds: Creds, file: FileContext, expand: Expand): Creds {
  const field: Field = {
    node: { kind: 'scalar', text: '', plain: true, line: creds.line },
    path: 'creds',
    file,
  };
  const texts = CREDS_TEMPLATES.flatMap((key) => {
    const value = creds[key];
    return value === undefined ? [] : [[key, expandAt(value, undefined, field, expand)] as const];
  });
  return { ...creds, ...Object.fromEntries(texts) };
}

function expandAt(template: string, data: unknown, field: Field, expand: Expand): string {
  try {
    return expand(template, data ?? {});
  } catch (error) {
    return fail(field, error instanceof Error ? error.message : '');
  }
}

/** Applies defaults; empty text counts as absent, as in regsync. */
function withDefaults(step: Step, defaults: Defaults): Step {
  const merged: Record<string, unknown> = { ...step };
  for (const [key, value] of Object.entries(defaults)) {
    if (NOT_FOR_STEPS.has(key)) continue;
    const own = merged[key];
    if (own === undefined || own === '') merged[key] = value;
  }
  // A schedule and an interval exclude each other; the step's own value wins.
  if (step.schedule !== undefined && step.interval === undefined) delete merged['interval'];
  if (step.interval !== undefined && step.schedule === undefined) delete merged['schedule'];
  const { min = defaults.ratelimit?.min, retry = defaults.ratelimit?.retry ?? MIN_RETRY_MS } =
    step.ratelimit ?? {};
  merged['ratelimit'] = {
    ...(min === undefined ? {} : { min }),
    retry: Math.max(retry, MIN_RETRY_MS),
  };
  return merged as unknown as Step;
}

const NOT_FOR_STEPS: ReadonlySet<string> = new Set([
  'line',
  'parallel',
  'blobLimit',
  'cacheCount',
  'cacheTime',
  'skipDockerConfig',
  'userAgent',
  'ratelimit',
  'state',
  'budget',
]);

function tagData(tags: Step['tags']): Record<string, unknown> {
  const { allow = [], deny = [], semverRange = [] } = tags ?? {};
  return { Allow: allow, Deny: deny, SemverRange: semverRange };
}

/** The data of a step for templates, under Go's names. */
function templateData(step: Step): Record<string, unknown> {
  return {
    Source: step.source ?? '',
    Target: step.target ?? '',
    Type: step.type ?? '',
    Tags: tagData(step.tags),
    TagSets: (step.tagSets ?? []).map(tagData),
    Repos: { Allow: step.repos?.allow ?? [], Deny: step.repos?.deny ?? [] },
    Platform: step.platform ?? '',
    Platforms: step.platforms ?? [],
    Backup: step.backup ?? '',
    Schedule: step.schedule ?? '',
    MediaTypes: step.mediaTypes ?? [],
    ReferrerSrc: step.referrerSource ?? '',
    ReferrerTgt: step.referrerTarget ?? '',
  };
}

/** Expands in regsync's order: each template sees the earlier results, except the target. */
function expandStep(step: Step, field: Field, expand: Expand): Step {
  const data = templateData(step);
  const at = (
    key: 'source' | 'referrerSource' | 'target' | 'referrerTarget',
  ): string | undefined =>
    step[key] === undefined
      ? undefined
      : expandAt(step[key], { Sync: data }, { ...field, path: `${field.path}.${key}` }, expand);
  const source = at('source');
  data['Source'] = source ?? '';
  const referrerSource = at('referrerSource');
  data['ReferrerSrc'] = referrerSource ?? '';
  const target = at('target');
  const referrerTarget = at('referrerTarget');
  return {
    ...step,
    ...Object.fromEntries(
      Object.entries({ source, referrerSource, target, referrerTarget }).filter(
        ([, value]) => value !== undefined,
      ),
    ),
  };
}

/** The data of a backup template: `.Ref` is the image that is about to be overwritten. */
export function backupData(job: SyncJob, ref: Readonly<Record<string, string>>): unknown {
  const step = templateData({
    line: 0,
    source: job.source,
    target: job.target,
    type: job.type,
    ...(job.backup === undefined ? {} : { backup: job.backup }),
  });
  return { Ref: ref, Step: step, Sync: step };
}

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
  const platforms =
    step.platform === undefined || step.platform === '' ? step.platforms : [step.platform];
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
