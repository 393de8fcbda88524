import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/oci/digest.ts';
import { MEDIA_TYPE } from '../../../src/oci/media-types.ts';
import type { Script, Scripted } from '../../helpers/scripted-server.ts';
import { bytesFrom, quickRetries, startRegistry } from '../harness.ts';

const data = Buffer.from(Array.from({ length: 4_000 }, (_, i) => i % 251));
const digest = digestOf(data);
const layer = { mediaType: MEDIA_TYPE.ociLayerGzip, digest, size: data.byteLength };
const path = `/v2/a/b/blobs/${digest}`;

/** Sends `part` with the headers of a longer body, then cuts the connection. */
function cut(status: number, headers: Record<string, string>, part: Buffer): Scripted {
  return (_request, response) => {
    response.writeHead(status, headers);
    response.write(part, () => response.socket?.destroySoon());
  };
}

const cutAt = (end: number): Scripted =>
  cut(200, { 'content-length': String(data.byteLength) }, data.subarray(0, end));

function range(start: number, total: number | '*' = data.byteLength): Scripted {
  return {
    status: 206,
    headers: { 'content-range': `bytes ${start}-${data.byteLength - 1}/${total}` },
    body: data.subarray(start),
  };
}

describe('getBlob', () => {
  it('is one GET', async () => {
    await using at = await startRegistry(() => ({ status: 200, body: data }));
    expect(await bytesFrom(await at.repository().getBlob(layer))).toEqual(data);
    expect(at.server.lines).toEqual([`GET ${path}`]);
    expect(at.server.requests[0]?.headers.range).toBeUndefined();
  });

  describe('of a foreign layer', () => {
    const foreign = { ...layer, mediaType: MEDIA_TYPE.dockerForeignLayer };
    const serve: Script = ({ path: asked, headers }) => {
      if (asked === '/elsewhere') {
        expect(headers.authorization).toBeUndefined();
        return { status: 200, body: data };
      }
      return { status: asked === path || asked === '/gone' ? 404 : 599 };
    };
    const read = async (descriptor: object, urls: (origin: string) => readonly string[]) => {
      await using at = await startRegistry(serve);
      const all = { ...foreign, ...descriptor, urls: urls(at.server.origin) };
      return await bytesFrom(await at.repository().getBlob(all));
    };

    it('goes on at its own addresses, without credentials', async () => {
      const bytes = await read({}, (origin) => [
        'no address',
        `${origin}/gone`,
        `${origin}/elsewhere`,
      ]);
      expect(bytes).toEqual(data);
    });

    it('fails where none has it, and asks nowhere else for any other layer', async () => {
      await expect(read({}, (origin) => [`${origin}/gone`])).rejects.toMatchObject({
        code: 'BLOB_UNKNOWN',
      });
      const { mediaType } = layer;
      await expect(read({ mediaType }, (origin) => [`${origin}/elsewhere`])).rejects.toMatchObject({
        code: 'BLOB_UNKNOWN',
      });
    });
  });

  it('reads an empty blob', async () => {
    await using at = await startRegistry(() => ({ status: 200, body: '' }));
    const empty = { ...layer, digest: digestOf(Buffer.alloc(0)), size: 0 };
    expect(await bytesFrom(await at.repository().getBlob(empty))).toHaveLength(0);
  });

  it('leaves out the bytes before an offset, having verified them', async () => {
    await using at = await startRegistry(() => ({ status: 200, body: data }));
    const bytes = await bytesFrom(await at.repository().getBlob(layer, { from: 100 }));
    expect(bytes).toEqual(data.subarray(100));
  });

  it('throws before reading when the blob is not there', async () => {
    await using at = await startRegistry(() => ({ status: 404 }));
    await expect(at.repository().getBlob(layer)).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' });
  });

  it('throws before reading when the length is not the descriptor’s', async () => {
    await using at = await startRegistry(() => ({
      status: 200,
      headers: { 'content-length': '5' },
      body: 'short',
    }));
    await expect(at.repository().getBlob(layer)).rejects.toMatchObject({ code: 'SIZE_MISMATCH' });
  });

  it.each<[string, Buffer, string]>([
    ['altered', Buffer.alloc(data.byteLength), 'DIGEST_MISMATCH'],
    ['padded', Buffer.concat([data, Buffer.from('x')]), 'SIZE_MISMATCH'],
  ])('refuses %s content', async (_name, body, code) => {
    await using at = await startRegistry(() => (_request, response) => {
      response.writeHead(200, { 'transfer-encoding': 'chunked' }).end(body);
    });
    const bytes = await at.repository().getBlob(layer);
    await expect(bytesFrom(bytes)).rejects.toMatchObject({ code });
    expect(at.server.lines).toHaveLength(1);
  });

  it('stops an endless body one byte too late at most', async () => {
    await using at = await startRegistry(() => (_request, response) => {
      const pump = (): void => {
        while (!response.destroyed && response.write(data));
      };
      response.writeHead(200);
      response.on('drain', pump);
      pump();
    });
    const bytes = await at.repository().getBlob(layer);
    await expect(bytesFrom(bytes)).rejects.toMatchObject({ code: 'SIZE_MISMATCH' });
  });
});

describe('a cut download', () => {
  it.each<[string, Scripted, string[]]>([
    ['continues with a range', range(1_500), ['bytes=1500-']],
    ['accepts an unknown total', range(1_500, '*'), ['bytes=1500-']],
    ['skips what it has when the range is ignored', { status: 200, body: data }, ['bytes=1500-']],
  ])('%s', async (_name, second, ranges) => {
    await using at = await startRegistry((_request, count) =>
      count === 1 ? cutAt(1_500) : second,
    );
    expect(await bytesFrom(await at.repository().getBlob(layer))).toEqual(data);
    expect(at.server.requests.slice(1).map((one) => one.headers.range)).toEqual(ranges);
  });

  it.each<[string, Scripted]>([
    ['a range from elsewhere', range(1_400)],
    ['a range of another total', range(1_500, 9_999)],
    ['a range without Content-Range', { status: 206, body: data.subarray(1_500) }],
    [
      'several ranges',
      {
        status: 206,
        headers: { 'content-type': 'multipart/byteranges; boundary=x' },
        body: Buffer.concat([Buffer.from('--x\r\n\r\n'), data.subarray(1_500)]),
      },
    ],
    ['416', { status: 416 }],
  ])('starts over after %s', async (_name, second) => {
    await using at = await startRegistry((_request, count) =>
      count === 1 ? cutAt(1_500) : count === 2 ? second : { status: 200, body: data },
    );
    expect(await bytesFrom(await at.repository().getBlob(layer))).toEqual(data);
    expect(at.server.requests.map((one) => one.headers.range)).toEqual([
      undefined,
      'bytes=1500-',
      undefined,
    ]);
  });

  it('verifies across the seam', async () => {
    const wrong = Buffer.from(data.subarray(1_500)).fill(0);
    await using at = await startRegistry((_request, count) =>
      count === 1
        ? cutAt(1_500)
        : { status: 206, headers: { 'content-range': 'bytes 1500-3999/4000' }, body: wrong },
    );
    const bytes = await at.repository().getBlob(layer);
    await expect(bytesFrom(bytes)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  });

  it('gives up when there is no progress', async () => {
    await using at = await startRegistry((_request, count) =>
      count === 1
        ? cutAt(10)
        : cut(
            206,
            { 'content-range': 'bytes 10-3999/4000', 'content-length': '3990' },
            data.subarray(0, 0),
          ),
    );
    const bytes = await at.repository().getBlob(layer);
    await expect(bytesFrom(bytes)).rejects.toMatchObject({ code: 'NETWORK' });
    expect(at.server.lines).toHaveLength(5);
  });

  it('counts anew after a megabyte of progress, and tells of every cut', async () => {
    const big = Buffer.alloc(8 << 20, 'x');
    const size = String(big.length);
    const told: string[] = [];
    await using at = await startRegistry(
      (request) => {
        const start = Number(/=(\d+)-/u.exec(request.headers.range ?? '')?.[1] ?? 0);
        const headers =
          start === 0
            ? { 'content-length': size }
            : {
                'content-range': `bytes ${start}-${big.length - 1}/${size}`,
                'content-length': String(big.length - start),
              };
        return cut(start === 0 ? 200 : 206, headers, big.subarray(start, start + (1 << 20)));
      },
      { retries: quickRetries(1, ({ reason }) => told.push(reason)) },
    );
    const descriptor = { ...layer, digest: digestOf(big), size: big.length };
    const read = await bytesFrom(await at.repository().getBlob(descriptor));
    expect(read.equals(big)).toBe(true);
    expect(at.server.lines).toHaveLength(8);
    expect(told).toHaveLength(7);
    expect(told[0]).toContain(`cut off at byte 1048576 of ${size}`);
  });

  it('asks the registry again when the answer is a refusal', async () => {
    await using at = await startRegistry((_request, count) =>
      count === 1 ? cutAt(10) : { status: 403 },
    );
    const bytes = await at.repository().getBlob(layer);
    await expect(bytesFrom(bytes)).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });

  it('stops at once when it is aborted', async () => {
    await using at = await startRegistry(() => cutAt(10));
    const controller = new AbortController();
    const bytes = await at.repository().getBlob(layer, { signal: controller.signal });
    const reading = (async () => {
      for await (const chunk of bytes) {
        controller.abort(new Error(`stopped after ${chunk.byteLength > 0}`));
      }
    })();
    await expect(reading).rejects.toThrow('stopped');
    expect(at.server.lines).toHaveLength(1);
  });
});

describe('a blob read again from an offset', () => {
  const big = Buffer.from(Array.from({ length: 3 << 20 }, (_, i) => (i * 7) % 253));
  const descriptor = { ...layer, digest: digestOf(big), size: big.length };
  const serve =
    (body: Buffer): Script =>
    ({ headers }) => {
      const start = Number(/=(\d+)-/u.exec(headers.range ?? '')?.[1] ?? 0);
      if (start === 0) return { status: 200, body };
      const where = `bytes ${start}-${body.length - 1}/${body.length}`;
      return { status: 206, headers: { 'content-range': where }, body: body.subarray(start) };
    };

  const readUntil = async (bytes: AsyncIterable<Uint8Array>, count: number): Promise<void> => {
    let read = 0;
    for await (const chunk of bytes) {
      read += chunk.byteLength;
      if (read >= count) return;
    }
  };

  it('continues near it, with the hash of what came before', async () => {
    await using at = await startRegistry(serve(big));
    const repository = at.repository();
    await readUntil(await repository.getBlob(descriptor), 2_600_000);
    const from = 2 * (1 << 20) + 300_000;
    const rest = await bytesFrom(await repository.getBlob(descriptor, { from }));
    expect(rest.equals(big.subarray(from))).toBe(true);
    const start = Number(/=(\d+)-/u.exec(at.server.requests[1]?.headers.range ?? '')?.[1]);
    expect(from - start).toBeGreaterThanOrEqual(0);
    expect(from - start).toBeLessThan(2 * (1 << 20));
  });

  it('continues near it also when it was read to its end, but not after damage', async () => {
    const state = { body: big };
    await using at = await startRegistry((request, count) => serve(state.body)(request, count));
    const repository = at.repository();
    const from = 2_600_000;
    await bytesFrom(await repository.getBlob(descriptor));
    const rest = await bytesFrom(await repository.getBlob(descriptor, { from }));
    expect(rest.equals(big.subarray(from))).toBe(true);
    expect(at.server.requests[1]?.headers.range).toMatch(/^bytes=2\d{6}-$/u);

    state.body = Buffer.from(big).fill(1);
    await expect(bytesFrom(await repository.getBlob(descriptor))).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
    });
    state.body = big;
    const again = await bytesFrom(await repository.getBlob(descriptor, { from }));
    expect(again.equals(big.subarray(from))).toBe(true);
    expect(at.server.requests[3]?.headers.range).toBeUndefined();
  });

  it('still verifies all of it', async () => {
    const altered = Buffer.from(big);
    altered[10] = 0xff;
    await using at = await startRegistry(serve(altered));
    const repository = at.repository();
    await readUntil(await repository.getBlob(descriptor), 2_600_000);
    const again = await repository.getBlob(descriptor, { from: 2_400_000 });
    await expect(bytesFrom(again)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(at.server.requests[1]?.headers.range).toBeDefined();
  });
});

describe('hasBlob', () => {
  it('is one HEAD', async () => {
    await using at = await startRegistry((_request, count) =>
      count === 1 ? { status: 200, headers: { 'content-length': '7' } } : { status: 404 },
    );
    expect(await at.repository().hasBlob(digest)).toEqual({ size: 7 });
    expect(await at.repository().hasBlob(digest)).toBeUndefined();
    expect(at.server.lines).toEqual([`HEAD ${path}`, `HEAD ${path}`]);
  });

  it('does not take a refusal for absence', async () => {
    await using at = await startRegistry(() => ({ status: 403 }));
    await expect(at.repository().hasBlob(digest)).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });
});
