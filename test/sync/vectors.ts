import { readFileSync } from 'node:fs';

/** A recording of test/vectors/sync (its README says by what). */
export function readVectors(name: string): unknown {
  const url = new URL(`../vectors/sync/${name}`, import.meta.url);
  return JSON.parse(readFileSync(url, 'utf8'));
}
