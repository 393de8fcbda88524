import { expect, it } from 'vitest';
import type { OpenOptions, Source } from '../../../src/store/types.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import { sourceBody } from '../../../src/registry/uploads/body.ts';
import { bytesOf, drain } from '../../../src/util/bytes.ts';

const ATTEMPT = { action: 'write blob', target: 'here', kind: 'blob' } as const;
const MIB = 1024 * 1024;

/** How a source of so many bytes is opened for a body from `offset`. */
async function opening(size: number, offset: number): Promise<OpenOptions | undefined> {
  const data = Buffer.alloc(size);
  let asked: OpenOptions | undefined;
  const source: Source = {
    descriptor: { mediaType: 'application/octet-stream', digest: digestOf(data), size },
    async open(options) {
      asked = options;
      return bytesOf(data, options?.from);
    },
  };
  await drain(await sourceBody(source, offset, ATTEMPT, {}).open());
  return asked;
}

it('lets memory be used again where the client is done with it, and only there', async () => {
  expect(await opening(MIB, 0)).toMatchObject({ reuseChunks: true });
  expect(await opening(MIB - 1, 0)).toMatchObject({ reuseChunks: false });
  expect(await opening(2 * MIB, MIB + 1)).toMatchObject({ reuseChunks: false, from: MIB + 1 });
});
