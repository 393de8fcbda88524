import { expect, it } from 'vitest';
import { digestOf } from '../../../src/oci/digest.ts';
import { observeSource } from '../../../src/copy/engine/transfer.ts';
import { sourceFromBytes, verified } from '../../../src/store/verify.ts';
import { bytesOf } from '../../../src/util/bytes.ts';

const DATA = Buffer.from('content');
const DESCRIPTOR = {
  mediaType: 'application/octet-stream',
  digest: digestOf(DATA),
  size: DATA.byteLength,
};

it('leaves verified bytes verified: a destination need not hash what its source has', async () => {
  const open = (): ReturnType<typeof verified> => verified(bytesOf(DATA), DESCRIPTOR, 'here');
  const bytes = await observeSource({ descriptor: DESCRIPTOR, open: async () => open() }).open();
  expect(verified(bytes, DESCRIPTOR, 'there')).toBe(bytes);
  const unknown = await observeSource(sourceFromBytes(DESCRIPTOR, DATA)).open();
  expect(verified(unknown, DESCRIPTOR, 'there')).not.toBe(unknown);
});
