/** Bytes that one read takes at most: a chunk costs about as much whatever its size. */
const BUFFER_BYTES = 768 * 1024;
/** Full buffers that wait for the reader, after which the connection is paused. */
const MAX_WAITING = 1;
/** Less room is not offered to a read: TLS passes on records of 16 KiB. */
const MIN_ROOM = 16 * 1024;

/** A part of a buffer; `isLast`: no later part of it follows. */
interface Part {
  readonly buffer: Buffer;
  readonly bytes: Buffer;
  isLast: boolean;
}

/**
 * The memory that a socket reads into, without a copy: buffers that are used again when their
 * reader asks for the next bytes. Never shared between connections.
 */
export class ReadBuffers {
  #filling: Buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  /** What of `#filling` is taken, and what is filled. */
  #from = 0;
  #to = 0;
  #full: Part[] = [];
  readonly #free: Buffer[] = [];
  #lent: Part | undefined;

  /** Memory for the next read. */
  room(): Buffer {
    if (this.#filling.byteLength - this.#to < MIN_ROOM) this.#next();
    return this.#filling.subarray(this.#to);
  }

  /** A read filled so much of its room. */
  filled(count: number): void {
    this.#to += count;
  }

  get isEmpty(): boolean {
    return this.#from === this.#to && this.#full.length === 0;
  }

  /** More must not be read before something is taken. */
  get isFull(): boolean {
    return this.#full.length >= MAX_WAITING;
  }

  /** The oldest bytes, valid until the next call. */
  take(): Buffer | undefined {
    const lent = this.#lent;
    if (lent?.isLast === true) this.#free.push(lent.buffer);
    this.#lent = this.#full.shift() ?? this.#rest();
    return this.#lent?.bytes;
  }

  #rest(): Part | undefined {
    if (this.#from === this.#to) return undefined;
    const bytes = this.#filling.subarray(this.#from, this.#to);
    this.#from = this.#to;
    return { buffer: this.#filling, bytes, isLast: false };
  }

  /** Goes on with another buffer. */
  #next(): void {
    const buffer = this.#filling;
    const rest = this.#rest();
    if (rest !== undefined) this.#full.push({ ...rest, isLast: true });
    else if (this.#lent?.buffer === buffer) this.#lent.isLast = true;
    else this.#free.push(buffer);
    this.#filling = this.#free.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES);
    this.#from = 0;
    this.#to = 0;
  }
}
