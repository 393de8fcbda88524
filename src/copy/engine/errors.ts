import { AppError, CopyError } from '../../errors/app-error.ts';
import { isOfTemporaryDirectory } from '../../util/errno.ts';
import type { ReadStore } from '../../store/types.ts';

export type CopySide = CopyError['side'];

/** Runs one step of a copy and adds `side` to its error. Bugs pass unchanged. */
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
  if (isOfTemporaryDirectory(error)) return error;
  return new CopyError(side, what, error, node);
}

/** Describes an image in messages: `"v1" in ghcr.io/a/b`. */
export function describeRef(store: ReadStore, ref: string | undefined): string {
  return ref === undefined ? `the default image of ${store.label}` : `"${ref}" in ${store.label}`;
}
