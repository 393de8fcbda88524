import type { Bytes } from '../util/bytes.ts';
import { ProtocolError } from './protocol-error.ts';
import type { UploadStorage } from './storage/types.ts';

/** Bounds the bytes of all unfinished uploads together: they may wait a day to be resumed. */
export function limitUploads(uploads: UploadStorage, maxBytes: number): UploadStorage {
  const sizes = new Map<string, number>();
  let total = 0;
  let counted: Promise<void> | undefined;
  const set = (id: string, size: number): void => {
    total += size - (sizes.get(id) ?? 0);
    if (size === 0) sizes.delete(id);
    else sizes.set(id, size);
  };
  const count = async (): Promise<void> => {
    const all = await uploads.list();
    for (const id of sizes.keys()) set(id, 0);
    for (const { id, size } of all) set(id, size);
  };
  const check = (): void => {
    if (total <= maxBytes) return;
    const message = `unfinished uploads take ${total} bytes, and --max-uploads allows ${maxBytes}`;
    throw new ProtocolError('UNKNOWN', message, { status: 507 });
  };
  const metered = async function* (id: string, bytes: Bytes): Bytes {
    for await (const chunk of bytes) {
      set(id, (sizes.get(id) ?? 0) + chunk.byteLength);
      check();
      yield chunk;
    }
  };
  return {
    ...uploads,
    async create(repository) {
      await (counted ??= count());
      check();
      return uploads.create(repository);
    },
    async append(repository, id, bytes, at) {
      await (counted ??= count());
      try {
        return await uploads.append(repository, id, metered(id, bytes), at);
      } finally {
        set(id, (await uploads.offset(repository, id)) ?? 0);
      }
    },
    async finish(repository, id, digest) {
      try {
        return await uploads.finish(repository, id, digest);
      } finally {
        set(id, 0);
      }
    },
    async cancel(repository, id) {
      try {
        return await uploads.cancel(repository, id);
      } finally {
        set(id, 0);
      }
    },
    async expire(before) {
      const removed = await uploads.expire(before);
      if (removed > 0) counted = count();
      return removed;
    },
  };
}
