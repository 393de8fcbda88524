import { referrerTree, type ReferrerTree } from '../../artifact/referrers/tree.ts';
import { AppError } from '../../errors/app-error.ts';
import { parsePlatform, type Platform } from '../../oci/platform.ts';
import { predicateTypeOf, SIGNATURE_PREDICATE } from '../../signing/formats/types.ts';
import type { IdentityRule } from '../../signing/keyless/identity.ts';
import { readPublicKey, trustKeys } from '../../signing/keys/public.ts';
import type { Trusted, Verdict } from '../../signing/types.ts';
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
  readonly keys?: readonly string[] | undefined;
  /** Whose certificates count (keyless signatures); they need `trustedRoot`. */
  readonly identities?: readonly IdentityRule[] | undefined;
  /** Text of the trusted root, as `gh attestation trusted-root` prints it. No service is asked. */
  readonly trustedRoot?: string | undefined;
  /** A predicate type or its short name, such as "slsaprovenance1". Default: a signature. */
  readonly type?: string | undefined;
  /** Annotations that the signer has to have set. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  /** The repository that a signature has to name; bundles name none, and then do not count. */
  readonly repository?: string | undefined;
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
  return await referrerTree(store, root, manifest, { ...call, concurrency, depth });
}

/**
 * Every signature that was found, with whether and why it counts.
 * @throws AppError POLICY_REJECTED if none counts, CONFIG_INVALID for a key or a root, USAGE if
 * nothing says whose signature counts
 */
export async function verifyImage(
  { locate, openRead }: Opened,
  image: string,
  options: ClientOptions,
  wanted: VerifyCallOptions,
  call: CallOptions,
): Promise<readonly Verdict[]> {
  const { type, annotations, platform, repository } = wanted;
  const trusted = await trustedOf(wanted);
  const predicateType = type === undefined ? SIGNATURE_PREDICATE : predicateTypeOf(type);
  const location = locate(image);
  await using store = await openRead(location, call);
  const chain = await chainOf(store, location.ref, {
    ...call,
    platform: typeof platform === 'string' ? parsePlatform(platform) : platform,
    host: platformOf(options),
  });
  const demand = { predicateType, annotations, repository };
  const { concurrency = DEFAULT_CONCURRENCY } = options;
  const verdicts = await verifyChain(store, chain, { demand, trusted }, { ...call, concurrency });
  if (verdicts.some(counts)) return verdicts;
  throw new AppError('POLICY_REJECTED', `${location.text} has no signature that counts`, {
    why: [...new Set(verdicts.flatMap(({ reason }) => reason ?? []))],
    hint: `List what is attached: regctl referrers ${location.text}`,
  });
}

/** Keys, certificates, or both: then one of them suffices. */
async function trustedOf({
  keys = [],
  identities = [],
  trustedRoot,
}: VerifyCallOptions): Promise<Trusted> {
  const byKeys = trustKeys(keys.map((key, i) => readPublicKey(key, `key ${i + 1}`)));
  if (identities.length === 0) {
    if (keys.length > 0) return byKeys;
    throw new AppError('USAGE', 'verify needs to know whose signature counts', {
      hint: 'Give keys, or identities with a trustedRoot.',
    });
  }
  if (trustedRoot === undefined) {
    throw new AppError('USAGE', 'identities need a trustedRoot', {
      hint: 'Read one from the output of: gh attestation trusted-root',
    });
  }
  const { trustAny, trustIdentities } = await import('../../signing/keyless/trust.ts');
  const byName = await trustIdentities(identities, { text: trustedRoot, file: 'trustedRoot' });
  return keys.length === 0 ? byName : trustAny([byKeys, byName]);
}
