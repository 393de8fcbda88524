import { isManifestType } from '../../oci/media-types.ts';
import type { ReadStore, ResolveOptions } from '../../store/types.ts';
import type { PullBudget, PullSource, SourceRules } from '../budget.ts';

/** A repository whose pulls a budget counts and holds up. */
export interface CountedRepository {
  readonly host: string;
  readonly rules: SourceRules;
}

/** Wraps a source so that a budget is asked before each pull. */
export function withCountedPulls(
  store: ReadStore,
  { host, rules }: CountedRepository,
  budget: PullBudget,
): ReadStore {
  /** Manifests that came with their descriptor: to read them costs nothing more. */
  const pulled = new Set<string>();
  let lastRef: string | undefined;
  const source: PullSource = {
    host,
    rules,
    allowance: () => store.capabilities.pullAllowance?.last(),
    async refresh(call) {
      if (lastRef !== undefined) await store.resolve(lastRef, call);
    },
  };
  const resolve: ReadStore['resolve'] = async (ref, options: ResolveOptions = {}) => {
    lastRef = ref;
    if ((await options.purpose) !== 'content') return store.resolve(ref, options);
    const found = await budget.pull(source, () => store.resolve(ref, options), options);
    pulled.add(found.digest);
    return found;
  };
  return {
    label: store.label,
    capabilities: store.capabilities,
    resolve,
    has: (descriptor, options) => store.has(descriptor, options),
    async fetch(descriptor, options = {}) {
      const read = () => store.fetch(descriptor, options);
      if (!isManifestType(descriptor.mediaType) || pulled.has(descriptor.digest)) return read();
      lastRef ??= descriptor.digest;
      const bytes = await budget.pull(source, read, options);
      pulled.add(descriptor.digest);
      return bytes;
    },
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}
