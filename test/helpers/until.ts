import { setTimeout as delay } from 'node:timers/promises';
import { vi } from 'vitest';

const LOOK_EVERY_MS = 5;
/** Far from what a busy machine takes: what does not come by then never comes. */
const LIMIT_MS = 60_000;

/** Resolves when a condition is true that no event reports. */
export async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  for (let waited = 0; waited < LIMIT_MS; waited += LOOK_EVERY_MS) {
    if (await isTrue()) return;
    await delay(LOOK_EVERY_MS);
  }
  throw new Error(`not true within ${LIMIT_MS} ms: ${isTrue.toString()}`);
}

/** Resolves to what a check returns, when it no longer throws. */
export function eventually<T>(check: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(check, LIMIT_MS);
}
