import type { YamlNode } from '../../util/text/yaml.ts';
import {
  anything,
  decimal,
  duration,
  fail,
  type Field,
  type FileContext,
  flag,
  integer,
  isNull,
  list,
  object,
  type Reader,
  record,
  text,
} from './reader.ts';

/** Keys that regsync ignores, for anchors. */
const isExtension = (key: string): boolean => key.startsWith('x-');

const tagSet = object({ allow: list(text), deny: list(text), semverRange: list(text) });

const referrerFilter = object({ artifactType: text, annotations: record(text) });

const ratelimit = object({ min: integer, retry: duration });

/** Keys of both `defaults` and a step (regclient v0.11 cmd/regsync/config.go). */
const COMMON = {
  backup: text,
  interval: duration,
  schedule: text,
  ratelimit,
  digestTags: flag,
  referrers: flag,
  referrerFilters: list(referrerFilter),
  referrerSource: text,
  referrerTarget: text,
  referrerSlow: flag,
  fastCheck: flag,
  /** The name in regsync's documentation, which its code does not know. */
  fastCopy: flag,
  forceRecursive: flag,
  includeExternal: flag,
  mediaTypes: list(text),
  hooks: anything,
};

/** Keys of a step; regctl's own keys come last. */
export const STEP = {
  ...COMMON,
  source: text,
  target: text,
  type: text,
  tags: tagSet,
  tagSets: list(tagSet),
  repos: object({ allow: list(text), deny: list(text) }),
  platform: text,
  platforms: list(text),
};

/**
 * Accepts only these words, so that a mere `true` never starts to delete; regsync has no such key.
 */
const deletion: Reader<'owned' | 'all'> = (field) => {
  const { node } = field;
  if (node.kind === 'scalar' && (node.text === 'owned' || node.text === 'all')) return node.text;
  field.file.warn(
    `${field.file.name}, line ${node.line}: "delete" is owned or all, and has no effect`,
  );
  return undefined;
};

export const OWN = {
  name: text,
  map: list(object({ from: text, to: text })),
  immutable: list(text),
  missing: flag,
  newest: integer,
  since: text,
  minTags: integer,
  delete: deletion,
  maxDelete: text,
  deleteExclude: list(text),
  sparseIndex: flag,
};

/** Our own keys of `defaults` that are about the whole file. */
export const OWN_DEFAULTS = { state: text, budget: integer };

const TLS_WORDS: ReadonlySet<string> = new Set(['', 'enabled', 'insecure', 'disabled']);

const tls: Reader<string> = (field) => {
  const word = text(field)?.toLowerCase() ?? '';
  return TLS_WORDS.has(word) ? word : fail(field, 'is not enabled, insecure or disabled');
};

export const CREDS = {
  registry: text,
  hostname: text,
  user: text,
  pass: text,
  token: text,
  credHelper: text,
  credExpire: duration,
  credHost: text,
  tls,
  regcert: text,
  clientCert: text,
  clientKey: text,
  pathPrefix: text,
  mirrors: list(text),
  priority: integer,
  repoAuth: flag,
  blobChunk: integer,
  blobMax: integer,
  reqPerSec: decimal,
  reqConcurrent: integer,
  apiOpts: record(text),
  api: text,
  scheme: text,
};

export const DEFAULTS = {
  ...COMMON,
  parallel: integer,
  blobLimit: integer,
  cacheCount: integer,
  cacheTime: duration,
  skipDockerConfig: flag,
  userAgent: text,
};

const steps = (own: boolean): Reader<readonly LocatedStep[]> => {
  const read = object(own ? { ...STEP, ...OWN } : STEP, isExtension) as Reader<Step>;
  return list((field) => {
    const step = read(field);
    return step === undefined ? undefined : { step, field };
  });
};

const document = (own: boolean): Reader<RegsyncDocument> =>
  object(
    {
      version: integer,
      creds: list(object(CREDS)),
      defaults: object(own ? { ...DEFAULTS, ...OWN, ...OWN_DEFAULTS } : DEFAULTS),
      sync: steps(own),
    },
    isExtension,
  );

type ReadOf<S> = { readonly [K in keyof S]?: S[K] extends Reader<infer T> ? T : never };

export type Step = ReadOf<typeof STEP> & ReadOf<typeof OWN> & { readonly line: number };
export type Defaults = ReadOf<typeof DEFAULTS> & ReadOf<typeof OWN> & ReadOf<typeof OWN_DEFAULTS>;
export type Creds = ReadOf<typeof CREDS> & { readonly line: number };

export interface LocatedStep {
  readonly step: Step;
  readonly field: Field;
}

export interface RegsyncDocument {
  readonly version?: number;
  readonly creds?: readonly Creds[];
  readonly defaults?: Defaults;
  readonly sync?: readonly LocatedStep[];
}

/**
 * Reads the keys of regsync's file. `own`: also regctl's keys.
 * @throws AppError USAGE that names file, line and key
 */
export function readRegsyncDocument(
  node: YamlNode | undefined,
  file: FileContext,
  own: boolean,
): RegsyncDocument {
  if (node === undefined) return {};
  const root = { node, path: '', file };
  if (isNull(node)) fail(root, 'is empty, not a map');
  const read = document(own)(root) ?? {};
  if (read.version !== undefined && read.version > 1)
    fail(root, `has version ${read.version}; only 1 is known`);
  return read;
}
