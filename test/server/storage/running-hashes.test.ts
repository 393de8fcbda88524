import { expect, it } from 'vitest';
import { digestOf } from '../../../src/oci/digest.ts';
import { createRunningHashes } from '../../../src/server/storage/integrity.ts';

const [first, second] = [Buffer.from('first '), Buffer.from('second')];
const whole = Buffer.concat([first, second]);

it('what arrived in order from the start has the digest of the whole', () => {
  const hashes = createRunningHashes();
  hashes.add('a', 0, first);
  hashes.add('b', 0, second);
  hashes.add('a', first.byteLength, second);
  expect(hashes.take('a', whole.byteLength)).toBe(digestOf(whole));
  expect(hashes.take('b', second.byteLength)).toBe(digestOf(second));
  // Only once: the upload is over.
  expect(hashes.take('a', whole.byteLength)).toBeUndefined();
});

it.each([
  ['began before this process', [[6, second]]],
  [
    'had a write that failed, and began again elsewhere',
    [
      [0, first],
      [3, second],
    ],
  ],
  ['lacks bytes that the file has', [[0, first]]],
] as const)('an upload that %s has none', (_, pieces) => {
  const hashes = createRunningHashes();
  for (const [offset, bytes] of pieces) hashes.add('a', offset, bytes);
  expect(hashes.take('a', whole.byteLength)).toBeUndefined();
});

it('a write at the start begins anew', () => {
  const hashes = createRunningHashes();
  hashes.add('a', 0, second);
  hashes.add('a', 0, whole);
  expect(hashes.take('a', whole.byteLength)).toBe(digestOf(whole));
});
