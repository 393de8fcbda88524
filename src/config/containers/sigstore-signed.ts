import { AppError } from '../../errors/app-error.ts';
import { parseReference } from '../../reference/parse.ts';
import { isRecord } from '../../util/json.ts';

/** How the name in a signature has to match the image's (containers-policy.json(5) "signedIdentity"). */
export type SignedIdentity =
  | { readonly type: 'matchExact' | 'matchRepoDigestOrExact' | 'matchRepository' }
  | { readonly type: 'exactReference'; readonly dockerReference: string }
  | { readonly type: 'exactRepository'; readonly dockerRepository: string }
  | { readonly type: 'remapIdentity'; readonly prefix: string; readonly signedPrefix: string };

/** A key as the policy names it. */
export type KeySource = { readonly path: string } | { readonly data: string };

/** A requirement `sigstoreSigned` (containers-policy.json(5)). */
export interface SigstoreSigned {
  /** Any of them may have signed. */
  readonly keys: readonly KeySource[];
  /** Any of these logs must have an entry; none: no entry is required. */
  readonly rekorKeys: readonly KeySource[];
  /** Absent: matchRepoDigestOrExact. */
  readonly identity: SignedIdentity | undefined;
  /** The member that regctl cannot check: certificates. */
  readonly unsupported: 'fulcio' | 'pki' | undefined;
}

const KEYS = ['keyPath', 'keyPaths', 'keyData', 'keyDatas', 'fulcio', 'pki'] as const;
const REKOR_KEYS = [
  'rekorPublicKeyPath',
  'rekorPublicKeyPaths',
  'rekorPublicKeyData',
  'rekorPublicKeyDatas',
] as const;
const MEMBERS: ReadonlySet<string> = new Set(['type', 'signedIdentity', ...KEYS, ...REKOR_KEYS]);

const IDENTITIES: Readonly<Record<string, readonly string[]>> = {
  matchExact: [],
  matchRepoDigestOrExact: [],
  matchRepository: [],
  exactReference: ['dockerReference'],
  exactRepository: ['dockerRepository'],
  remapIdentity: ['prefix', 'signedPrefix'],
};

/** @throws AppError CONFIG_INVALID; `fail` makes it from the rule that is broken */
export function readSigstoreSigned(
  requirement: Readonly<Record<string, unknown>>,
  fail: (rule: string) => AppError,
): SigstoreSigned {
  const other = Object.keys(requirement).find((name) => !MEMBERS.has(name));
  if (other !== undefined) throw fail(`sigstoreSigned has the unknown member "${other}"`);
  const [source, ...more] = KEYS.filter((name) => requirement[name] !== undefined);
  if (source === undefined || more.length > 0) {
    throw fail(`sigstoreSigned needs exactly one of ${KEYS.join(', ')}`);
  }
  const rekor = REKOR_KEYS.filter((name) => requirement[name] !== undefined);
  if (rekor.length > 1) throw fail(`sigstoreSigned has both ${rekor.join(' and ')}`);
  const unsupported = source === 'fulcio' || source === 'pki' ? source : undefined;
  return {
    keys: unsupported === undefined ? keysOf(requirement[source], source, fail) : [],
    rekorKeys: rekor.flatMap((name) => keysOf(requirement[name], name, fail)),
    identity: identityOf(requirement['signedIdentity'], fail),
    unsupported,
  };
}

function keysOf(
  value: unknown,
  name: string,
  fail: (rule: string) => AppError,
): readonly KeySource[] {
  const isList = name.endsWith('s');
  const list: readonly unknown[] = isList && Array.isArray(value) ? value : isList ? [] : [value];
  const texts = list.filter((one): one is string => typeof one === 'string' && one !== '');
  if (texts.length === 0 || texts.length !== list.length) {
    throw fail(`${name} is not ${isList ? 'a list of texts' : 'a text'}`);
  }
  return texts.map((text) => {
    if (name.includes('Path')) return { path: text };
    const data = Buffer.from(text, 'base64').toString();
    return { data };
  });
}

function identityOf(value: unknown, fail: (rule: string) => AppError): SignedIdentity | undefined {
  if (value === undefined) return undefined;
  const type = isRecord(value) ? value['type'] : undefined;
  const members =
    typeof type === 'string' && Object.hasOwn(IDENTITIES, type) ? IDENTITIES[type] : undefined;
  if (!isRecord(value) || members === undefined) {
    throw fail(`signedIdentity has the unknown type ${JSON.stringify(type)}`);
  }
  const names = ['type', ...members];
  const other = Object.keys(value).find((name) => !names.includes(name));
  if (other !== undefined) throw fail(`signedIdentity has the unknown member "${other}"`);
  for (const name of members) {
    if (typeof value[name] !== 'string' || value[name] === '') {
      throw fail(`signedIdentity ${String(type)} needs ${name}`);
    }
  }
  if (type === 'exactReference') requireExact(String(value['dockerReference']), fail);
  return value as unknown as SignedIdentity;
}

/** A name that says neither tag nor digest would match nothing. */
function requireExact(text: string, fail: (rule: string) => AppError): void {
  try {
    const { tag, digest } = parseReference(text);
    if (tag !== undefined || digest !== undefined) return;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
  }
  throw fail(`dockerReference "${text}" has neither a tag nor a digest`);
}
