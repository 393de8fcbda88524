import type { Descriptor } from '../../src/oci/descriptor.ts';
import type { Source } from '../../src/store/types.ts';
import type { Bytes } from '../../src/util/bytes.ts';

/**
 * Chunks of these sizes in turn, which are overwritten when the next is asked for, if the reader
 * allows that.
 */
export function reusing(
  { descriptor, data }: { readonly descriptor: Descriptor; readonly data: Uint8Array },
  sizes: readonly number[],
): Source {
  return {
    descriptor,
    open: async ({ reuseChunks, from = 0 } = {}) =>
      (async function* (): Bytes {
        const memory = Buffer.alloc(Math.max(...sizes));
        for (let at = from, turn = 0; at < data.length; turn += 1) {
          const part = data.subarray(at, at + (sizes[turn % sizes.length] ?? 1));
          at += part.length;
          memory.set(part);
          const isLast = at === data.length;
          yield reuseChunks === true ? memory.subarray(0, part.length) : part;
          if (!isLast) memory.fill(0);
        }
      })(),
  };
}
