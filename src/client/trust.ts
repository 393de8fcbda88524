import type { Location } from '../transports/types.ts';
import type { CallOptions } from '../util/abort.ts';
import type { Machine } from './types.ts';

export interface TrustOptions {
  readonly machine: Pick<Machine, 'env' | 'home' | 'os'>;
  /** `host`: the file that skopeo uses; undefined: everything is trusted. */
  readonly policy: { readonly file: string } | 'host' | undefined;
  readonly cwd: () => string;
  /** Lines for `--debug`. */
  readonly trace?: ((line: string) => void) | undefined;
}

/** Refuses images that the trust policy does not allow, before anything else is read of them. */
export type RequireTrusted = (source: Location, options?: CallOptions) => Promise<void>;

/** Creates the check; the policy is read for the first image. */
export function createTrust({ machine, policy, cwd, trace }: TrustOptions): RequireTrusted {
  if (policy === undefined) return () => Promise.resolve();
  const read = async () => {
    const { readHostPolicy, readPolicyFile } = await import('../config/containers/trust-policy.ts');
    if (policy !== 'host') return readPolicyFile(policy.file);
    const found = await readHostPolicy(machine);
    trace?.(
      found === undefined ? 'trust: no policy.json; all is accepted' : `trust: ${found.file}`,
    );
    return found;
  };
  let reading: ReturnType<typeof read> | undefined;
  return async (source, options) => {
    const found = await (reading ??= read());
    if (found === undefined) return;
    const { requirePolicy } = await import('../signing/policy/containers-policy.ts');
    await requirePolicy(found, source, cwd, options);
  };
}
