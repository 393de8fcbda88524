/** The next step along the frames: `count` bytes to read or to skip. */
interface Need {
  readonly kind: 'look' | 'pass';
  readonly count: number;
}

const MAGIC = 0xfd2fb528;
const SKIPPABLE = 0x184d2a50;
const BLOCK_TYPE = { rle: 1, reserved: 3 } as const;

/** A frame ends at this position. */
const FRAME_END = Symbol('the end of a frame');

type Step = Need | typeof FRAME_END;

/**
 * Walks the structure of concatenated zstd frames (RFC 8878 section 3.1) as bytes arrive, without
 * decoding them: finds where frames end, and refuses windows that are too large, foreign bytes and
 * a truncated stream, all of which decoders accept.
 */
export class ZstdFrames {
  readonly #walk: Generator<Step, never, Uint8Array>;
  #need: Need;
  #gathered: number[] = [];
  #atStart = true;

  /** `fail` creates the error for a broken rule. */
  constructor(maxWindow: number, fail: (rule: string) => Error) {
    this.#walk = walk(maxWindow, fail);
    this.#need = this.#walk.next().value as Need;
  }

  /** Whether the stream may end here. */
  get complete(): boolean {
    return this.#atStart;
  }

  /** Walks through `chunk`. @returns the offsets in it where frames end */
  push(chunk: Uint8Array): number[] {
    const ends: number[] = [];
    let at = 0;
    while (at < chunk.byteLength) {
      this.#atStart = false;
      const { kind, count } = this.#need;
      const open = count - this.#gathered.length;
      const taken = Math.min(open, chunk.byteLength - at);
      if (kind === 'look') this.#gathered.push(...chunk.subarray(at, at + taken));
      at += taken;
      if (taken < open) {
        if (kind === 'pass') this.#need = { kind, count: count - taken };
        break;
      }
      const seen = Uint8Array.from(this.#gathered);
      this.#gathered = [];
      this.#advance(seen);
      if (this.#atStart) ends.push(at);
    }
    return ends;
  }

  /** Advances to the next step that needs bytes. */
  #advance(seen: Uint8Array): void {
    let step = this.#walk.next(seen).value;
    while (step === FRAME_END || step.count === 0) {
      if (step === FRAME_END) this.#atStart = true;
      step = this.#walk.next(new Uint8Array()).value;
    }
    this.#need = step;
  }
}

function* walk(
  maxWindow: number,
  fail: (rule: string) => Error,
): Generator<Step, never, Uint8Array> {
  for (;;) {
    const magic = number(yield look(4));
    if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE) {
      yield pass(number(yield look(4)));
      yield FRAME_END;
      continue;
    }
    if (magic !== MAGIC) throw fail('it is not zstd');
    const flags = number(yield look(1));
    const single = (flags & 0x20) !== 0;
    const dictionary = [0, 1, 2, 4][flags & 3] ?? 0;
    const size = [single ? 1 : 0, 2, 4, 8][flags >> 6] ?? 0;
    const rest = yield look((single ? 0 : 1) + dictionary + size);
    if ((flags & 8) !== 0) throw fail('its frame header has a reserved bit set');
    if (dictionary > 0 && number(rest.subarray(single ? 0 : 1).subarray(0, dictionary)) !== 0)
      throw fail('it needs a zstd dictionary');
    const window = single ? contentSize(rest.subarray(dictionary)) : windowSize(rest[0] ?? 0);
    if (window > maxWindow)
      throw fail(`it asks for a zstd window of ${window} bytes; at most ${maxWindow} are allowed`);
    yield* blocks((flags & 4) !== 0, fail);
    yield FRAME_END;
  }
}

function* blocks(
  checksum: boolean,
  fail: (rule: string) => Error,
): Generator<Need, void, Uint8Array> {
  for (;;) {
    const header = number(yield look(3));
    const type = (header >> 1) & 3;
    if (type === BLOCK_TYPE.reserved) throw fail('it has a zstd block of a reserved type');
    yield pass(type === BLOCK_TYPE.rle ? 1 : header >> 3);
    if ((header & 1) === 1) break;
  }
  if (checksum) yield pass(4);
}

function look(count: number): Need {
  return { kind: 'look', count };
}

function pass(count: number): Need {
  return { kind: 'pass', count };
}

/** Little-endian; exact up to 2^53. */
function number(bytes: Uint8Array): number {
  return bytes.reduceRight((value, byte) => value * 256 + byte, 0);
}

/** RFC 8878 section 3.1.1.1.4: a field of two bytes counts from 256. */
function contentSize(field: Uint8Array): number {
  return number(field) + (field.byteLength === 2 ? 256 : 0);
}

/** RFC 8878 section 3.1.1.1.2. */
function windowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}
