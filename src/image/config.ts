import type { Platform } from '../oci/platform.ts';
import { isRecord, stringRecord } from '../util/json.ts';
import { IMAGE_CONFIG } from '../oci/document-members.ts';
import { parseJsonStrict } from '../oci/strict-json.ts';
import { AppError } from '../errors/app-error.ts';

/** A step of an image's history, as its configuration tells it. */
export interface HistoryEntry {
  readonly created?: string;
  readonly createdBy?: string;
  readonly author?: string;
  readonly comment?: string;
  /** True if the step created no layer. */
  readonly emptyLayer: boolean;
}

/** An image configuration (image-spec v1.1.1 config.md); for an artifact, the members that fit. */
export interface ImageConfig {
  readonly created?: string;
  readonly author?: string;
  readonly architecture?: string;
  readonly os?: string;
  readonly variant?: string;
  readonly osVersion?: string;
  readonly dockerVersion?: string;
  readonly user?: string;
  readonly workingDir?: string;
  readonly env: readonly string[];
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly exposedPorts: readonly string[];
  readonly volumes: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  /** Digests of the uncompressed layers. */
  readonly diffIds: readonly string[];
  readonly history: readonly HistoryEntry[];
  /** The whole document, as parsed. */
  readonly json: Readonly<Record<string, unknown>>;
}

type Json = Readonly<Record<string, unknown>>;

const EMPTY: Json = {};

/** @throws AppError INVALID_CONFIG */
export function parseImageConfig(bytes: Uint8Array): ImageConfig {
  const json = parseJsonStrict(bytes, 'INVALID_CONFIG', 'image configuration', IMAGE_CONFIG);
  if (!isRecord(json)) {
    throw new AppError('INVALID_CONFIG', 'invalid image configuration: it is not a JSON object');
  }
  const run = isRecord(json['config']) ? json['config'] : EMPTY;
  const rootfs = isRecord(json['rootfs']) ? json['rootfs'] : EMPTY;
  const labels = stringRecord(run['Labels']);
  return {
    ...texts(json, {
      created: 'created',
      author: 'author',
      architecture: 'architecture',
      os: 'os',
      variant: 'variant',
      osVersion: 'os.version',
      dockerVersion: 'docker_version',
    }),
    ...texts(run, { user: 'User', workingDir: 'WorkingDir' }),
    env: strings(run['Env']),
    entrypoint: strings(run['Entrypoint']),
    cmd: strings(run['Cmd']),
    exposedPorts: keys(run['ExposedPorts']),
    volumes: keys(run['Volumes']),
    ...(labels === undefined ? {} : { labels }),
    diffIds: strings(rootfs['diff_ids']),
    history: Array.isArray(json['history']) ? json['history'].filter(isRecord).map(step) : [],
    json,
  };
}

function step(entry: Json): HistoryEntry {
  const names = {
    created: 'created',
    createdBy: 'created_by',
    author: 'author',
    comment: 'comment',
  };
  return { ...texts(entry, names), emptyLayer: entry['empty_layer'] === true };
}

/** The members that are non-empty strings, under regctl's names. */
function texts<K extends string>(json: Json, names: Record<K, string>): Partial<Record<K, string>> {
  const out: Partial<Record<K, string>> = {};
  for (const [ours, theirs] of Object.entries(names) as [K, string][]) {
    const value = json[theirs];
    if (typeof value === 'string' && value !== '') out[ours] = value;
  }
  return out;
}

function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
}

function keys(value: unknown): readonly string[] {
  return isRecord(value) ? Object.keys(value) : [];
}

/** The platform that a configuration names. */
export function configPlatform(config: ImageConfig): Platform | undefined {
  const { os, architecture, variant, osVersion } = config;
  if (os === undefined || architecture === undefined) return undefined;
  return {
    os,
    architecture,
    ...(variant === undefined ? {} : { variant }),
    ...(osVersion === undefined ? {} : { 'os.version': osVersion }),
  };
}
