import { AppError, CopyError } from '../../errors/app-error.ts';
import type { ReadStore, Source } from '../../store/types.ts';
import { mapVerified } from '../../store/verify.ts';

export type CopySide = CopyError['side'];

/** Runs one step of a copy; what fails is said to have failed on `side`. Bugs pass unchanged. */
export async function attributeTo<T>(
  side: CopySide,
  what: string,
  node: string | undefined,
  step: () => Promise<T>,
): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw attribute(side, what, error, node);
  }
}

export function attribute(side: CopySide, what: string, error: unknown, node?: string): unknown {
  if (!(error instanceof AppError) || error instanceof CopyError) return error;
  return new CopyError(side, what, error, node);
}

/** A source that remembers how its latest opening failed, so that a push can tell whose fault it was. */
export interface ObservedSource extends Source {
  readonly failure: { readonly error: unknown } | undefined;
}

export function observeSource(source: Source): ObservedSource {
  let failure: { readonly error: unknown } | undefined;
  return {
    descriptor: source.descriptor,
    get failure() {
      return failure;
    },
    async open(options) {
      failure = undefined;
      const fail = (error: unknown): never => {
        failure = { error };
        throw error;
      };
      const bytes = await source.open(options).catch(fail);
      return mapVerified(bytes, async function* (all) {
        try {
          yield* all;
        } catch (error) {
          fail(error);
        }
      });
    },
  };
}

/** "tag "v1" of ghcr.io/a/b", for messages. */
export function describeRef(store: ReadStore, ref: string | undefined): string {
  return ref === undefined ? `the default image of ${store.label}` : `"${ref}" in ${store.label}`;
}
