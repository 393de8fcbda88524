import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { isIndexType } from '../../oci/media-types.ts';
import type { Platform } from '../../oci/platform.ts';
import { imagesToCheck } from './images-to-check.ts';
import type { ReadStore } from '../../store/types.ts';
import type { Location } from '../../transports/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { mapParallel } from '../../util/parallel.ts';
import { SIGNATURE_PREDICATE } from '../formats/types.ts';
import type { Demand, Trusted, Verdict } from '../types.ts';
import { chainOf, type Chain } from '../verify/chain.ts';
import { newBudget, type Found } from '../verify/layers.ts';
import { judge } from '../verify/judge.ts';
import { evidenceOf } from '../verify/verify.ts';

/** What judging an image needs of the program. */
export interface JudgeContext {
  cwd(): string;
  openRead(location: Location, options: CallOptions): Promise<ReadStore>;
  readonly host: Platform;
  readonly concurrency: number;
  /** `--policy-accept-bundles`: a bundle names no repository, and suffices without `signedIdentity`. */
  readonly acceptBundles: boolean;
  /** As skopeo: the image of each platform needs its own signature, that of the index is not read. */
  readonly eachImage: boolean;
}

export interface JudgeOptions extends CallOptions {
  /** The platforms that are wanted; none: everything that the name stands for. */
  readonly platforms?: readonly Platform[] | undefined;
}

/** What was verified, so that nothing else is copied. */
export interface TrustedImage {
  /** What the name stood for when it was verified. */
  readonly digest: Digest;
  /** The manifests whose signatures counted. */
  readonly signed: ReadonlySet<Digest>;
  /** The image that was judged, with the indexes around it: of several, the first. */
  readonly chain: Chain;
  readonly verdicts: readonly Verdict[];
}

/** An image and its evidence, which is read at the first requirement that needs it. */
export class JudgedImage {
  readonly location: Location;
  readonly context: JudgeContext;
  readonly #options: JudgeOptions;
  #read: Promise<Read> | undefined;
  readonly #signed = new Set<Digest>();
  readonly #verdicts: Verdict[] = [];

  constructor(location: Location, context: JudgeContext, options: JudgeOptions) {
    this.location = location;
    this.context = context;
    this.#options = options;
  }

  /**
   * The signatures of each image that is to be copied, as `demand` and `trusted` judge them.
   * @throws AppError whatever prevents looking
   */
  async verdicts(
    trusted: Trusted,
    demand: Partial<Demand> = {},
  ): Promise<readonly (readonly Verdict[])[]> {
    this.#read ??= this.#readAll();
    const { evidence } = await this.#read;
    const whole = { predicateType: SIGNATURE_PREDICATE, ...demand };
    return Promise.all(
      evidence.map((found) => Promise.all(found.map((one) => judge(one, whole, trusted)))),
    );
  }

  /** Notes what was found, for the result. */
  accept(verdicts: readonly Verdict[]): void {
    for (const one of verdicts) if (one.reason === undefined) this.#signed.add(one.subject);
    this.#verdicts.push(...verdicts);
  }

  /** Undefined if no requirement looked at the image. */
  async result(): Promise<TrustedImage | undefined> {
    if (this.#read === undefined) return undefined;
    const { root, chain } = await this.#read;
    return { digest: root.digest, chain, signed: this.#signed, verdicts: this.#verdicts };
  }

  async #readAll(): Promise<Read> {
    const { platforms = [], ...call } = this.#options;
    const { eachImage, host, concurrency } = this.context;
    await using store = await this.context.openRead(this.location, call);
    const root = await store.resolve(this.location.ref, { ...call, purpose: 'content' });
    // A single image is what it is; the copy checks its platform.
    const chosen = isIndexType(root.mediaType) ? platforms : [];
    const wanted = chosen.length === 0 ? [undefined] : chosen;
    const chains: Chain[] = [];
    for (const platform of wanted)
      chains.push(await chainOf(store, root.digest, { ...call, platform, host }));
    const images = eachImage ? await imagesToCheck(store, chains, call) : chains;
    const predicateType = SIGNATURE_PREDICATE;
    const budget = newBudget();
    const evidence = await mapParallel(
      images,
      concurrency,
      (chain, { signal }) =>
        evidenceOf(store, chain, { predicateType }, { signal, concurrency, budget }),
      call,
    );
    return { root, chain: images[0] ?? [root], evidence };
  }
}

interface Read {
  readonly root: Descriptor;
  readonly chain: Chain;
  /** By image. */
  readonly evidence: readonly (readonly Found[])[];
}
