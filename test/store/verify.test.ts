import { describe, expect, it } from 'vitest';
import { IntegrityError } from '../../src/errors/app-error.ts';
import type { Descriptor } from '../../src/oci/descriptor.ts';
import { digestOf, type Algorithm } from '../../src/oci/digest.ts';
import type { ReadStore } from '../../src/store/types.ts';
import {
  fetchAll,
  mapVerified,
  markVerified,
  sourceFromBytes,
  sourceFromStore,
  verified,
  Verifier,
} from '../../src/store/verify.ts';
import { collect, type Bytes } from '../../src/util/bytes.ts';

const CONTENT = Buffer.from('some content');

function describeBytes(data: Uint8Array, algorithm: Algorithm = 'sha256'): Descriptor {
  return {
    mediaType: 'application/octet-stream',
    digest: digestOf(data, algorithm),
    size: data.byteLength,
  };
}

const DESCRIPTOR = describeBytes(CONTENT);

async function* chunked(text: string, size = 5): Bytes {
  const data = Buffer.from(text);
  for (let i = 0; i < data.length; i += size) yield data.subarray(i, i + size);
}

/** What came through, and the error that ended it. */
async function drain(bytes: Bytes): Promise<{ text: string; error: unknown }> {
  const parts: Uint8Array[] = [];
  try {
    for await (const chunk of bytes) parts.push(chunk);
  } catch (error) {
    return { text: Buffer.concat(parts).toString(), error };
  }
  return { text: Buffer.concat(parts).toString(), error: undefined };
}

function storeServing(bytes: () => Bytes): ReadStore {
  return {
    label: 'memory',
    capabilities: {},
    resolve: () => Promise.reject(new Error('Unexpected call to resolve')),
    has: () => Promise.reject(new Error('Unexpected call to has')),
    fetch: () => Promise.resolve(bytes()),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

describe('bytes that were verified', () => {
  it('are not verified again for the same node, and are for another', () => {
    const once = verified(chunked('some content'), DESCRIPTOR, 'here');
    expect(verified(once, { ...DESCRIPTOR, mediaType: 'other/type' }, 'there')).toBe(once);
    expect(verified(once, describeBytes(Buffer.from('other')), 'there')).not.toBe(once);
    expect(verified(once, { ...DESCRIPTOR, size: 5 }, 'there')).not.toBe(once);
    const elsewhere = markVerified(chunked('some content'), DESCRIPTOR);
    expect(verified(elsewhere, DESCRIPTOR, 'there')).toBe(elsewhere);
  });

  it('stay so where they only pass, and throw what was wrong', async () => {
    const seen: number[] = [];
    const watch = (bytes: Bytes): Bytes =>
      mapVerified(bytes, async function* (all) {
        for await (const chunk of all) {
          seen.push(chunk.byteLength);
          yield chunk;
        }
      });
    const right = watch(verified(chunked('some content'), DESCRIPTOR, 'here'));
    expect(verified(right, DESCRIPTOR, 'there')).toBe(right);
    expect((await drain(right)).text).toBe('some content');
    expect(seen).toEqual([5, 5, 2]);
    const wrong = watch(verified(chunked('some CONTENT'), DESCRIPTOR, 'here'));
    expect((await drain(verified(wrong, DESCRIPTOR, 'there'))).error).toBeInstanceOf(
      IntegrityError,
    );
    const unknown = watch(chunked('some content'));
    expect(verified(unknown, DESCRIPTOR, 'there')).not.toBe(unknown);
  });

  it('are read once: what is left after a reading is not the whole', async () => {
    const bytes = verified(chunked('some content'), DESCRIPTOR, 'here');
    for await (const chunk of bytes) if (chunk.byteLength > 0) break;
    expect((await drain(bytes)).error).toEqual(new Error('verified bytes are read once'));
  });
});

describe('verified', () => {
  it.each(['some CONTENT', 'some contentX', 'some conten'])(
    'never hands out the last bytes of %j',
    async (body) => {
      const seen: Uint8Array[] = [];
      const take = async (): Promise<void> => {
        for await (const chunk of verified(chunked(body), DESCRIPTOR, 'here')) seen.push(chunk);
      };
      await expect(take()).rejects.toBeInstanceOf(IntegrityError);
      expect(Buffer.concat(seen).byteLength).toBeLessThan(DESCRIPTOR.size);
    },
  );

  it.each(['sha256', 'sha512'] as const)('passes true content on (%s)', async (algorithm) => {
    const descriptor = describeBytes(CONTENT, algorithm);
    const result = await drain(verified(chunked('some content'), descriptor, 'here'));
    expect(result).toEqual({ text: 'some content', error: undefined });
  });

  it.each([
    ['another body of the same length', 'some CONTENT', 'DIGEST_MISMATCH'],
    ['the right body and more', 'some content!', 'SIZE_MISMATCH'],
    ['the right body and much more', `some content${'!'.repeat(50)}`, 'SIZE_MISMATCH'],
    ['a body cut short', 'some conten', 'SIZE_MISMATCH'],
    ['no body', '', 'SIZE_MISMATCH'],
  ])('refuses %s', async (_name, body, code) => {
    const { error } = await drain(verified(chunked(body), DESCRIPTOR, 'r.io/a'));
    expect(error).toBeInstanceOf(IntegrityError);
    expect(error).toMatchObject({ code, exitStatus: 5 });
    expect((error as IntegrityError).message).toMatch(`r.io/a: `);
    expect((error as IntegrityError).message).toContain(DESCRIPTOR.digest);
  });

  it('says what it expected and what it got', async () => {
    const { error } = await drain(verified(chunked('some CONTENT'), DESCRIPTOR, 'here'));
    expect(error).toMatchObject({
      expected: DESCRIPTOR.digest,
      actual: digestOf(Buffer.from('some CONTENT')),
    });
  });

  it('holds a chunk back that is too much, and closes the body', async () => {
    let closed = false;
    async function* body(): Bytes {
      try {
        yield Buffer.from('some content');
        yield Buffer.from('!');
        throw new Error('read on behind the end');
      } finally {
        closed = true;
      }
    }
    const { text, error } = await drain(verified(body(), DESCRIPTOR, 'here'));
    expect(text).toBe('');
    expect(error).toMatchObject({ code: 'SIZE_MISMATCH' });
    expect(closed).toBe(true);
  });

  it('closes the body of a reader that leaves', async () => {
    let closed = false;
    async function* body(): Bytes {
      try {
        yield Buffer.from('some');
        yield Buffer.from(' content');
      } finally {
        closed = true;
      }
    }
    for await (const chunk of verified(body(), DESCRIPTOR, 'here')) {
      expect(chunk.byteLength).toBe(4);
      break;
    }
    expect(closed).toBe(true);
  });

  it('does not take a body of another algorithm', async () => {
    const sha512 = { ...DESCRIPTOR, digest: digestOf(Buffer.from('other'), 'sha512') };
    const { error } = await drain(verified(chunked('some content'), sha512, 'here'));
    expect(error).toMatchObject({
      code: 'DIGEST_MISMATCH',
      actual: digestOf(CONTENT, 'sha512'),
    });
  });
});

describe('Verifier', () => {
  it('goes on over a resumed download', () => {
    const verifier = new Verifier(DESCRIPTOR, 'here');
    verifier.update(CONTENT.subarray(0, 7));
    expect(verifier.received).toBe(7);
    verifier.update(CONTENT.subarray(verifier.received));
    expect(() => verifier.finish()).not.toThrow();
  });

  it('notices a resumed download of other content', () => {
    const verifier = new Verifier(DESCRIPTOR, 'here');
    verifier.update(CONTENT.subarray(0, 7));
    verifier.update(Buffer.from('xxxxx'));
    expect(() => verifier.finish()).toThrow(IntegrityError);
  });
});

describe('fetchAll', () => {
  it('collects a small node', async () => {
    const store = storeServing(() => chunked('some content'));
    expect(Buffer.from(await fetchAll(store, DESCRIPTOR))).toEqual(CONTENT);
  });

  it('stops a store that sends without end', async () => {
    async function* endless(): Bytes {
      for (;;) yield new Uint8Array(5);
    }
    await expect(fetchAll(storeServing(endless), DESCRIPTOR)).rejects.toMatchObject({
      code: 'SIZE_MISMATCH',
    });
  });

  it('does not begin with what would not fit into memory', async () => {
    const store = storeServing(() => {
      throw new Error('Unexpected call to fetch');
    });
    const huge = { ...DESCRIPTOR, size: Number.MAX_SAFE_INTEGER };
    await expect(fetchAll(store, huge)).rejects.toMatchObject({ code: 'RESPONSE_TOO_LARGE' });
  });
});

describe('sources', () => {
  const text = async (bytes: Bytes): Promise<string> =>
    Buffer.from(await collect(bytes, 100, () => new Error('too long'))).toString();

  it('open again, from an offset', async () => {
    const source = sourceFromBytes(DESCRIPTOR, CONTENT);
    expect(await text(await source.open())).toBe('some content');
    expect(await text(await source.open({ from: 5 }))).toBe('content');
    expect(await text(await source.open())).toBe('some content');
  });

  it('ask the store anew each time', async () => {
    const source = sourceFromStore(
      storeServing(() => chunked('some content')),
      DESCRIPTOR,
    );
    expect(await text(await source.open())).toBe('some content');
    expect(await text(await source.open())).toBe('some content');
  });
});
