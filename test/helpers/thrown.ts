import { AppError } from '../../src/errors/app-error.ts';

/** The AppError that `run` throws; anything else fails the test. */
export function thrown(run: () => unknown): AppError {
  let value: unknown;
  try {
    value = run();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error(`nothing was thrown, but returned: ${JSON.stringify(value)}`);
}

/** The code of the AppError that `promise` rejects with; "no error" when it does not. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
  return 'no error';
}
