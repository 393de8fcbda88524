import { typeFlagOf, type TarType } from './header.ts';

/** As long as a path may be; V8 gives longer strings one hash, and a table of them is a list. */
const MAX_LENGTH = 4096;
/** Deeper than any image archive; each part of a name costs a look. */
const MAX_PARTS = 32;

/**
 * What makes two readers see two names in one: a name that is not in its plain form. Programs that
 * extract put "x/../index.json" and "/index.json" where index.json is. Undefined for a plain one.
 * `name`: without "./" before and "/" after it.
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

/** An extended header: its block, what stands in it, and that with its padding. */
export interface ExtendedHeader {
  readonly block: Uint8Array;
  readonly body: Uint8Array;
  readonly padded: Uint8Array;
}

const GNU_NAMES = { L: 'path', K: 'linkpath' } as const;

/**
 * What makes the headers before one member say two things: the same kind twice, a name by GNU's and
 * by PAX's header, a sparse file (whose name stands elsewhere), names for all members that follow.
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

/** The keys of PAX records, "LENGTH KEY=VALUE\n" (POSIX pax); undefined when they are malformed. */
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
 * Names of an archive, each for one member: what is extracted later takes the place of what was
 * there, and a member below a link lands where the link leads.
 */
export class NameTable {
  readonly #folders = new Set<string>();
  readonly #links = new Set<string>();

  /** The rule that a member breaks. */
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
