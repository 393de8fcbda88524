import { typeFlagOf, type TarType } from './header.ts';

/** The longest path. V8 gives longer strings one hash, which turns a table of them into a list. */
const MAX_LENGTH = 4096;
/** Deeper than any image archive; each part of a name costs a lookup. */
const MAX_PARTS = 32;

/**
 * Why readers may disagree about a name: it is not in its plain form. Programs that extract write
 * "x/../index.json" and "/index.json" to index.json. Undefined for a plain name. `name` has no "./"
 * before it and no "/" after it.
 */
export function nameProblem(name: string): string | undefined {
  if (name === '' || name === '.') return undefined;
  if (name.length > MAX_LENGTH) return `has more than ${MAX_LENGTH} characters`;
  if (/[\u0000-\u001f\u007f]/u.test(name)) return 'has control characters';
  if (name.startsWith('/')) return 'is an absolute path';
  const parts = name.split('/', MAX_PARTS + 1);
  if (parts.length > MAX_PARTS) return `has more than ${MAX_PARTS} parts`;
  return parts.some((part) => part === '' || part === '.' || part === '..')
    ? 'is not in its plain form'
    : undefined;
}

/** An extended header: its block, its content, and the content with padding. */
export interface ExtendedHeader {
  readonly block: Uint8Array;
  readonly body: Uint8Array;
  readonly padded: Uint8Array;
}

const GNU_NAMES = { L: 'path', K: 'linkpath' } as const;

/**
 * Why the headers before a member are ambiguous: the same kind twice, a name in both a GNU and a
 * PAX header, a sparse file (whose name is elsewhere), or names for all members that follow.
 */
export function extendedProblem(headers: readonly ExtendedHeader[]): string | undefined {
  const flags = headers.map(({ block }) => typeFlagOf(block));
  const twice = flags.find((flag, i) => flag !== 'g' && flags.indexOf(flag) !== i);
  if (twice !== undefined) return `two headers of type "${twice}" describe one member`;
  for (const { block, body } of headers) {
    const flag = typeFlagOf(block);
    if (flag !== 'x' && flag !== 'g') continue;
    const keys = paxKeys(body);
    if (keys === undefined) return 'an extended header is malformed';
    if (keys.some((key) => key.startsWith('GNU.sparse.'))) return 'it has a sparse file';
    const named = keys.find((key) => key === 'path' || key === 'linkpath' || key === 'size');
    if (flag === 'g' && named !== undefined) return `a header for all members sets "${named}"`;
    const gnu = flags.find((one) => one === 'L' || one === 'K');
    if (gnu !== undefined && keys.includes(GNU_NAMES[gnu]))
      return `two headers set the "${GNU_NAMES[gnu]}" of one member`;
  }
  return undefined;
}

/** The keys of PAX records, "LENGTH KEY=VALUE\n" (POSIX pax); undefined if they are malformed. */
function paxKeys(body: Uint8Array): readonly string[] | undefined {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const keys: string[] = [];
  for (let at = 0; at < bytes.byteLength;) {
    const space = bytes.indexOf(' ', at);
    const digits = bytes.toString('latin1', at, Math.max(at, space));
    const end = at + Number(digits);
    const equals = bytes.indexOf('=', space);
    if (!/^[0-9]{1,9}$/u.test(digits) || equals < 0 || end <= equals || end > bytes.byteLength)
      return undefined;
    if (bytes[end - 1] !== 0x0a) return undefined;
    keys.push(bytes.toString('utf8', space + 1, equals));
    at = end;
  }
  return keys;
}

/**
 * The names in an archive, which must be unique: a member that is extracted later replaces an
 * earlier one, and a member below a link is written to the target of the link.
 */
export class NameTable {
  readonly #folders = new Set<string>();
  readonly #links = new Set<string>();

  /** The rule that a member breaks; undefined if it breaks none. */
  problem(name: string, type: TarType): string | undefined {
    const isLink = type === 'link' || type === 'symlink';
    if (isLink && this.#folders.has(name)) return 'is a link instead of a directory';
    if (isLink) this.#links.add(name);
    for (let end = name.lastIndexOf('/'); end > 0; end = name.lastIndexOf('/', end - 1)) {
      const folder = name.slice(0, end);
      if (this.#links.has(folder)) return 'lies below a link';
      this.#folders.add(folder);
    }
    return undefined;
  }
}
