import { join } from 'node:path';
import { AppError } from '../../errors/app-error.ts';
import { parseJsonStrict } from '../../oci/strict-json.ts';
import { isRecord } from '../../util/json.ts';
import { systemFolders } from '../files/system-folders.ts';
import { readTextFile } from '../files/text.ts';
import { readSigstoreSigned, type SigstoreSigned } from './sigstore-signed.ts';

/** One condition on an image. */
export interface PolicyRequirement {
  readonly type: string;
  /** What a `sigstoreSigned` says. */
  readonly sigstore?: SigstoreSigned | undefined;
}

type Requirements = readonly PolicyRequirement[];

/** A trust policy (containers-policy.json(5)): requirements by transport and scope. */
export interface TrustPolicy {
  readonly file: string;
  /** For images that no scope covers. */
  readonly default: Requirements;
  /** Transport → scope → requirements; the scope "" covers the transport. */
  readonly transports: ReadonlyMap<string, ReadonlyMap<string, Requirements>>;
}

export interface TrustPolicyFiles {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string | undefined;
  readonly os: string;
}

/** Every type that the format has; any other makes the file invalid. */
const TYPES: ReadonlySet<string> = new Set([
  'insecureAcceptAnything',
  'reject',
  'signedBy',
  'signedBaseLayer',
  'sigstoreSigned',
]);

/** Types without further members. */
const BARE: ReadonlySet<string> = new Set(['insecureAcceptAnything', 'reject']);

/**
 * Reads the policy of this machine: the user's file, else the system's. Undefined if neither
 * exists.
 * @throws AppError CONFIG_INVALID, IO
 */
export async function readHostPolicy(files: TrustPolicyFiles): Promise<TrustPolicy | undefined> {
  const { env, home, os } = files;
  // As containers/image: below HOME, wherever XDG_CONFIG_HOME is.
  const folders = [home && join(home, '.config/containers'), systemFolders(os, env).containers];
  for (const folder of folders) {
    const policy = folder && (await readPolicy(join(folder, 'policy.json')));
    if (policy) return policy;
  }
  return undefined;
}

/**
 * The text of a policy that the user named. @throws AppError CONFIG_INVALID when it is missing, IO
 */
export async function readPolicyText(file: string): Promise<string> {
  const read = await readTextFile(file);
  if (read !== undefined) return read.text;
  throw new AppError('CONFIG_INVALID', `cannot read the trust policy ${file}: it does not exist`, {
    hint: 'Name a policy.json or a YAML file of docs/trust.md with --policy.',
  });
}

async function readPolicy(file: string): Promise<TrustPolicy | undefined> {
  const read = await readTextFile(file);
  return read === undefined ? undefined : parseTrustPolicy(read.text, file);
}

/** @throws AppError CONFIG_INVALID, also for members and types that the format does not have */
export function parseTrustPolicy(text: string, file: string): TrustPolicy {
  const json = parseJsonStrict(Buffer.from(text), 'CONFIG_INVALID', `trust policy ${file}`);
  const root = members(json, ['default', 'transports'], 'the policy', file);
  const transports = Object.entries(record(root['transports'] ?? {}, 'transports', file)).map(
    ([transport, scopes]) => [transport, scopesOf(scopes, transport, file)] as const,
  );
  return {
    file,
    default: requirements(root['default'], 'default', file),
    transports: new Map(transports),
  };
}

function scopesOf(value: unknown, transport: string, file: string): Map<string, Requirements> {
  const entries = Object.entries(record(value, `transports.${transport}`, file));
  return new Map(
    entries.map(([scope, one]) => [scope, requirements(one, `${transport} "${scope}"`, file)]),
  );
}

function requirements(value: unknown, where: string, file: string): Requirements {
  if (!Array.isArray(value) || value.length === 0) {
    throw invalid(file, `${where} has no list of requirements`);
  }
  return value.map((one: unknown) => requirement(one, where, file));
}

function requirement(value: unknown, where: string, file: string): PolicyRequirement {
  const found = record(value, where, file);
  const { type } = found;
  if (typeof type !== 'string' || !TYPES.has(type)) {
    throw invalid(file, `${where} has a requirement of the unknown type ${JSON.stringify(type)}`);
  }
  if (BARE.has(type)) members(found, ['type'], `${where}, ${type}`, file);
  if (type !== 'sigstoreSigned') return { type };
  return {
    type,
    sigstore: readSigstoreSigned(found, (rule) => invalid(file, `${where}: ${rule}`)),
  };
}

function members(
  value: unknown,
  known: readonly string[],
  where: string,
  file: string,
): Record<string, unknown> {
  const found = record(value, where, file);
  const other = Object.keys(found).find((name) => !known.includes(name));
  if (other === undefined) return found;
  throw invalid(file, `${where} has the unknown member "${other}"`);
}

function record(value: unknown, where: string, file: string): Record<string, unknown> {
  if (isRecord(value)) return value;
  throw invalid(file, `${where} is not an object`);
}

function invalid(file: string, rule: string): AppError {
  return new AppError('CONFIG_INVALID', `cannot use the trust policy ${file}: ${rule}`, {
    hint: 'The format is that of containers-policy.json(5); --insecure-policy asks no policy.',
  });
}
