import type { ReadStore } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { SIGNATURE_PREDICATE } from '../formats/types.ts';
import type { Demand, Trusted, Verdict } from '../types.ts';
import type { Chain } from './chain.ts';
import { findEvidence } from './evidence.ts';
import { newBudget, type Budget, type Found } from './layers.ts';
import { judge } from './judge.ts';

export interface VerifyOptions extends CallOptions {
  readonly concurrency: number;
  /** Shared by all that is read for one image. Default: a new one. */
  readonly budget?: Budget | undefined;
}

/**
 * Judges everything that is attached to an image and to the indexes that contain it.
 * @throws AppError whatever prevents looking: a registry that hides its answer proves nothing
 */
export async function verifyChain(
  store: ReadStore,
  chain: Chain,
  { demand, trusted }: { readonly demand: Demand; readonly trusted: Trusted },
  options: VerifyOptions,
): Promise<readonly Verdict[]> {
  const found = await evidenceOf(store, chain, demand, options);
  return Promise.all(found.map((one) => judge(one, demand, trusted)));
}

/** The evidence for an image, which several demands may judge. */
export async function evidenceOf(
  store: ReadStore,
  chain: Chain,
  { predicateType }: Pick<Demand, 'predicateType'>,
  options: VerifyOptions,
): Promise<readonly Found[]> {
  const signatures = predicateType === SIGNATURE_PREDICATE;
  const budget = options.budget ?? newBudget();
  const found = await Promise.all(
    chain.map(({ digest }) => findEvidence(store, digest, { ...options, signatures, budget })),
  );
  return found.flat();
}

/** Whether a verdict is that of a signature that counts. */
export function counts({ reason }: Verdict): boolean {
  return reason === undefined;
}
