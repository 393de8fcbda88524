import type { YamlNode } from '../../util/text/yaml.ts';
import type { Expand } from '../templates.ts';
import type { SyncJob } from '../types.ts';
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

export function expandAt(template: string, data: unknown, field: Field, expand: Expand): string {
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
export function templateData(step: Step): Record<string, unknown> {
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
