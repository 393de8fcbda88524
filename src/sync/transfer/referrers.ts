import { AppError } from '../../errors/app-error.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { ReadStore, ReferrerLister } from '../../store/types.ts';
import type { ReferrerFilter } from '../types.ts';

/** Whether any filter accepts a referrer; no filters accept all. */
export function takesReferrer(
  filters: readonly ReferrerFilter[],
  { artifactType, annotations = {} }: Descriptor,
): boolean {
  return (
    filters.length === 0 ||
    filters.some((filter) => {
      const type = filter.artifactType ?? '';
      if (type !== '' && type !== artifactType) return false;
      return Object.entries(filter.annotations ?? {}).every(
        ([key, value]) =>
          Object.hasOwn(annotations, key) && (value === '' || annotations[key] === value),
      );
    })
  );
}

/**
 * Wraps a source to filter its referrers, or to read them and their blobs from another repository
 * (`elsewhere`).
 */
export function withReferrers(
  store: ReadStore,
  filters: readonly ReferrerFilter[],
  elsewhere: ReadStore | undefined,
): ReadStore {
  const lister = (elsewhere ?? store).capabilities.referrers;
  const referrers: ReferrerLister | undefined =
    lister === undefined
      ? undefined
      : {
          async *referrers(digest, options) {
            for await (const one of lister.referrers(digest, options)) {
              if (takesReferrer(filters, one)) yield one;
            }
          },
        };
  const either = async <T>(ask: (from: ReadStore) => Promise<T>): Promise<T> => {
    try {
      return await ask(store);
    } catch (error) {
      const missing = error instanceof AppError && error.code.endsWith('_UNKNOWN');
      if (!missing || elsewhere === undefined) throw error;
      return ask(elsewhere);
    }
  };
  return {
    label: store.label,
    capabilities: { ...store.capabilities, ...(referrers === undefined ? {} : { referrers }) },
    resolve: (ref, options) => either((from) => from.resolve(ref, options)),
    has: (descriptor, options) => store.has(descriptor, options),
    fetch: (descriptor, options) => either((from) => from.fetch(descriptor, options)),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}
