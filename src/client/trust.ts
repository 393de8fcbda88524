import type { Platform } from '../oci/platform.ts';
import type { ReadStore } from '../store/types.ts';
import type { JudgedImage, JudgeOptions, TrustedImage } from '../signing/policy/judged-image.ts';
import type { Location } from '../transports/types.ts';
import type { CallOptions } from '../util/abort.ts';
import type { Machine } from './types.ts';

/** Whom the command line trusts. */
export interface TrustSettings {
  /** `host`: the file that skopeo uses; undefined: everything is trusted. */
  readonly policy: { readonly file: string } | 'host' | undefined;
  /** Files of public keys, or `env://VAR`; one of them has to have signed. */
  readonly verifyKeys: readonly string[];
  /** Public keys as PEM text, in addition. */
  readonly publicKeys?: readonly string[] | undefined;
  /** A bundle satisfies a policy.json without `signedIdentity`. */
  readonly acceptBundles: boolean;
  /** As skopeo: an index's signature does not stand for its images. */
  readonly eachImage: boolean;
}

export interface TrustOptions {
  readonly machine: Pick<Machine, 'env' | 'home' | 'os'>;
  readonly settings: TrustSettings & { readonly concurrency: number };
  readonly host: Platform;
  readonly cwd: () => string;
  readonly openRead: (location: Location, options: CallOptions) => Promise<ReadStore>;
  /** Lines for `--debug`. */
  readonly trace?: ((line: string) => void) | undefined;
}

/**
 * Refuses images that the command line does not trust, before anything is written. Returns what was
 * verified, so that nothing else is copied; undefined if no signature was required.
 */
export type RequireTrusted = (
  source: Location,
  options?: JudgeOptions,
) => Promise<TrustedImage | undefined>;

type Check = (image: JudgedImage) => Promise<void>;

/** Creates the check; keys and policy are read for the first image. */
export function createTrust(options: TrustOptions): RequireTrusted {
  const { settings, host, cwd, openRead } = options;
  const { policy, acceptBundles, eachImage, concurrency } = settings;
  if (policy === undefined && !hasKeys(settings)) return () => Promise.resolve(undefined);
  let reading: Promise<readonly Check[]> | undefined;
  return async (source, call = {}) => {
    const checks = await (reading ??= readChecks(options));
    if (checks.length === 0) return undefined;
    const { JudgedImage } = await import('../signing/policy/judged-image.ts');
    const context = { cwd, openRead, host, concurrency, acceptBundles, eachImage };
    const image = new JudgedImage(source, context, call);
    for (const check of checks) await check(image);
    return image.result();
  };
}

async function readChecks(options: TrustOptions): Promise<readonly Check[]> {
  const { policy } = options.settings;
  return [
    ...(hasKeys(options.settings) ? [await keysCheck(options)] : []),
    ...(policy === undefined ? [] : await policyChecks(options, policy)),
  ];
}

const hasKeys = ({ verifyKeys, publicKeys = [] }: TrustSettings): boolean =>
  verifyKeys.length + publicKeys.length > 0;

/** `--verify-key` */
async function keysCheck({ settings, machine, cwd }: TrustOptions): Promise<Check> {
  const { readPublicKeys } = await import('../signing/keys/read-key.ts');
  const { readPublicKey, trustKeys } = await import('../signing/keys/public.ts');
  const { requireSigned } = await import('../signing/policy/require-signed.ts');
  const place = { cwd: cwd(), env: machine.env };
  const { verifyKeys, publicKeys = [] } = settings;
  const trusted = trustKeys([
    ...(await readPublicKeys(place, verifyKeys)),
    ...publicKeys.map((text, i) => readPublicKey(text, `key ${i + 1}`)),
  ]);
  return async (image) => requireSigned(image, await image.verdicts(trusted), '--verify-key');
}

/** `--policy`: a file of containers-policy.json(5), or one of ours in YAML. */
async function policyChecks(
  { machine, trace }: TrustOptions,
  policy: NonNullable<TrustSettings['policy']>,
): Promise<readonly Check[]> {
  const files = await import('../config/containers/trust-policy.ts');
  const { requirePolicy } = await import('../signing/policy/containers-policy.ts');
  if (policy === 'host') {
    const found = await files.readHostPolicy(machine);
    trace?.(
      found === undefined ? 'trust: no policy.json; all is accepted' : `trust: ${found.file}`,
    );
    return found === undefined ? [] : [(image) => requirePolicy(found, image)];
  }
  const text = await files.readPolicyText(policy.file);
  if (/^\s*\{/u.test(text)) {
    const found = files.parseTrustPolicy(text, policy.file);
    return [(image) => requirePolicy(found, image)];
  }
  const { parseImagePolicy } = await import('../signing/policy/image-policy-file.ts');
  const { requireImagePolicy } = await import('../signing/policy/image-policy.ts');
  const found = await parseImagePolicy(text, policy.file);
  return [(image) => requireImagePolicy(found, image)];
}
