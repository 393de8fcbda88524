import type { BlobRanges } from '../../store/types.ts';
import type { Bytes } from '../../util/bytes.ts';
import type { LayerSource } from '../layer-bytes.ts';

/** Enough for the largest table that is read, and what stands after it. */
const TAIL_BYTES = 20 * 1024 * 1024;

/** Keeps the end of a layer while it is read, where the table of contents is: no second request. */
export class KeptTail implements LayerSource {
  readonly label: string;
  readonly #source: LayerSource;
  readonly #parts: Uint8Array[] = [];
  #kept = 0;
  #end = 0;

  constructor(source: LayerSource) {
    this.label = source.label;
    this.#source = source;
  }

  async fetch(...[layer, options]: Parameters<LayerSource['fetch']>): Promise<Bytes> {
    return this.#keep(await this.#source.fetch(layer, options));
  }

  /** Parts of the layer that was read; `undefined` for what was not kept. */
  readonly ranges: BlobRanges = {
    read: async (_layer, { offset, size }) => {
      const from = offset - (this.#end - this.#kept);
      return from < 0 ? undefined : Buffer.concat(this.#parts).subarray(from, from + size);
    },
  };

  async *#keep(bytes: Bytes): Bytes {
    for await (const chunk of bytes) {
      this.#parts.push(Buffer.from(chunk));
      this.#kept += chunk.byteLength;
      this.#end += chunk.byteLength;
      while (this.#kept - (this.#parts[0]?.byteLength ?? 0) > TAIL_BYTES)
        this.#kept -= this.#parts.shift()?.byteLength ?? 0;
      yield chunk;
    }
  }
}
