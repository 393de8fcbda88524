import { referrerTree, type ReferrerTree } from '../../artifact/referrers/tree.ts';
import { AppError } from '../../errors/app-error.ts';
import { parsePlatform, type Platform } from '../../oci/platform.ts';
import { predicateTypeOf, SIGNATURE_PREDICATE } from '../../signing/formats/types.ts';
import { readPublicKey, trustKeys } from '../../signing/keys/public.ts';
import type { Verdict } from '../../signing/types.ts';
import { chainOf } from '../../signing/verify/chain.ts';
import { counts, verifyChain } from '../../signing/verify/verify.ts';
import { fetchManifest } from '../../store/manifests.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Opened } from './open.ts';
import { DEFAULT_CONCURRENCY, platformOf } from './this-machine.ts';
import type { ClientOptions } from './types.ts';

export interface ReferrersCallOptions extends CallOptions {
  /** Levels of referrers: 1 without referrers of referrers. Default: all. */
  readonly depth?: number | undefined;
}

export interface VerifyCallOptions extends CallOptions {
  /** Public keys whose signatures count, as PEM text. */
  readonly keys: readonly string[];
  /** A predicate type or its short name, such as "slsaprovenance1". Default: a signature. */
  readonly type?: string | undefined;
  /** Annotations that the signer has to have set. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  /** Verifies the image of this platform, also by what is attached to the index. */
  readonly platform?: Platform | string | undefined;
}

/** The tree of what refers to an image. @throws AppError MANIFEST_UNKNOWN */
export async function referrersOf(
  { locate, openRead }: Opened,
  image: string,
  { concurrency = DEFAULT_CONCURRENCY }: ClientOptions,
  { depth }: ReferrersCallOptions,
  call: CallOptions,
): Promise<ReferrerTree> {
  const location = locate(image);
  await using store = await openRead(location, call);
  const root = await store.resolve(location.ref, { ...call, purpose: 'content' });
  const manifest = await fetchManifest(store, root, call);
  return referrerTree(store, root, manifest, { ...call, concurrency, depth });
}

/**
 * Every signature that was found, with whether and why it counts.
 * @throws AppError POLICY_REJECTED if none counts, CONFIG_INVALID for a key
 */
export async function verifyImage(
  { locate, openRead }: Opened,
  image: string,
  options: ClientOptions,
  { keys, type, annotations, platform }: VerifyCallOptions,
  call: CallOptions,
): Promise<readonly Verdict[]> {
  const trusted = trustKeys(keys.map((key, i) => readPublicKey(key, `key ${i + 1}`)));
  const predicateType = type === undefined ? SIGNATURE_PREDICATE : predicateTypeOf(type);
  const wanted = typeof platform === 'string' ? parsePlatform(platform) : platform;
  const location = locate(image);
  await using store = await openRead(location, call);
  const chain = await chainOf(store, location.ref, {
    ...call,
    platform: wanted,
    host: platformOf(options),
  });
  const demand = { predicateType, annotations };
  const { concurrency = DEFAULT_CONCURRENCY } = options;
  const verdicts = await verifyChain(store, chain, { demand, trusted }, { ...call, concurrency });
  if (verdicts.some(counts)) return verdicts;
  throw new AppError('POLICY_REJECTED', `${location.text} has no signature that counts`, {
    why: [...new Set(verdicts.flatMap(({ reason }) => reason ?? []))],
    hint: `List what is attached: regctl referrers ${location.text}`,
  });
}
