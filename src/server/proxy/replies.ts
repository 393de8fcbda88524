import type { Digest } from '../../oci/digest.ts';
import { closedBy, type Bytes } from '../../util/bytes.ts';
import type { Reply } from '../api/call.ts';

/** A whole blob, or only its headers. */
export function blobReply(digest: Digest, size: number, body?: Bytes): Reply {
  return {
    status: 200,
    headers: {
      'Docker-Content-Digest': digest,
      Etag: `"${digest}"`,
      'Accept-Ranges': 'bytes',
      'Content-Type': 'application/octet-stream',
      'Content-Length': String(size),
    },
    ...(body === undefined ? {} : { body }),
  };
}

/** Calls `release` when the body ends, or at once without one. */
export function released(reply: Reply, release: () => void): Reply {
  const { body } = reply;
  if (body === undefined || body instanceof Uint8Array) {
    release();
    return reply;
  }
  const releasing = async function* (): Bytes {
    try {
      yield* body;
    } finally {
      release();
    }
  };
  // A reply of which nothing is read is released, too.
  const letGo = async (): Promise<void> => {
    release();
    await body[Symbol.asyncIterator]().return?.();
  };
  return { ...reply, body: closedBy(releasing(), letGo) };
}

export async function* countedBytes(bytes: Bytes, count: (bytes: number) => void): Bytes {
  for await (const chunk of bytes) {
    count(chunk.byteLength);
    yield chunk;
  }
}
