import { AppError } from '../../errors/app-error.ts';
import type { Io, StopSignal } from '../io.ts';

const STOP = {
  SIGINT: { code: 'INTERRUPTED', status: 130, message: 'interrupted' },
  SIGTERM: { code: 'TERMINATED', status: 143, message: 'terminated' },
} as const;

const NAMES: readonly StopSignal[] = ['SIGINT', 'SIGTERM'];

/**
 * Aborts `controller` with an AppError at the first SIGINT or SIGTERM, so that the command cleans
 * up; the second one ends the process at once. `hint` is the next step of who interrupted it. Returns a
 * function that stops listening.
 */
export function listenForSignals(
  io: Pick<Io, 'onSignal' | 'exit'>,
  controller: AbortController,
  hint: string | undefined,
): () => void {
  let seen = false;
  const stops = NAMES.map((name) =>
    io.onSignal(name, () => {
      const { code, status, message } = STOP[name];
      if (seen) {
        io.exit(status);
        return;
      }
      seen = true;
      controller.abort(new AppError(code, message, { hint }));
    }),
  );
  return () => stops.forEach((stop) => stop());
}
