/** The head of an answer whose body is exactly `length` bytes. */
export interface AnswerHead {
  readonly status: number;
  /** [name, value, name, value, …] */
  readonly rawHeaders: readonly string[];
  readonly length: number;
  /** How long the connection may be kept without a request, milliseconds; 0: not at all. */
  readonly keepMs: number;
  /** Bytes of the head, with its empty line. */
  readonly bytes: number;
}

/** `incomplete`: more bytes are needed. `other`: an answer for a complete HTTP client. */
export type ParsedHead = AnswerHead | 'incomplete' | 'other';

/** Like Node's own limit. */
export const MAX_HEAD_BYTES = 16 * 1024;
const MAX_FIELDS = 500;

const START = Buffer.from('HTTP/1.1 ');
const END = Buffer.from('\r\n\r\n');
const STATUS_LINE = /^HTTP\/1\.1 ([2-5]\d\d) [\t\x20-\x7e\x80-\xff]*$/u;
const NAME = /^[\w!#$%&'*+.^`|~-]+$/u;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/u;
const LENGTH = /^\d{1,15}$/u;
/** A second before the server closes the connection, so that no request meets a closed one. */
const CLOSE_MARGIN_MS = 1000;

/**
 * Parses only the plainest form of an answer, in which all HTTP clients see the same: `HTTP/1.1`,
 * one Content-Length, nothing that changes the framing. Everything else is `other`, also what is
 * invalid: the complete client then says what is wrong.
 */
export function parseHead(data: Buffer): ParsedHead {
  const start = Math.min(data.byteLength, START.byteLength);
  if (data.compare(START, 0, start, 0, start) !== 0) return 'other';
  const end = data.subarray(0, MAX_HEAD_BYTES).indexOf(END);
  if (end === -1) return data.byteLength < MAX_HEAD_BYTES ? 'incomplete' : 'other';
  const [first = '', ...lines] = data.toString('latin1', 0, end).split('\r\n');
  const status = Number(STATUS_LINE.exec(first)?.[1]);
  // Without content, whatever their Content-Length says.
  const isFramed = status >= 200 && status !== 204 && status !== 304;
  if (!isFramed || lines.length > MAX_FIELDS) return 'other';
  const fields = parseFields(lines);
  if (fields === undefined) return 'other';
  const length = fields.single('content-length');
  const isPlain =
    length !== undefined &&
    LENGTH.test(length) &&
    !fields.has('transfer-encoding') &&
    !fields.has('upgrade') &&
    (fields.single('content-encoding') ?? 'identity') === 'identity';
  if (!isPlain) return 'other';
  const keepMs = keepAlive(fields.single('connection'), fields.single('keep-alive'));
  if (keepMs === undefined) return 'other';
  const bytes = end + END.byteLength;
  return { status, rawHeaders: fields.raw, length: Number(length), keepMs, bytes };
}

interface Fields {
  readonly raw: readonly string[];
  has(name: string): boolean;
  /** Several lines of one name are joined, which no single value looks like. */
  single(name: string): string | undefined;
}

function parseFields(lines: readonly string[]): Fields | undefined {
  const raw: string[] = [];
  const values = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon));
    const value = trimBlanks(line.slice(colon + 1));
    if (!NAME.test(name) || !VALUE.test(value)) return undefined;
    raw.push(name, value);
    const key = name.toLowerCase();
    const before = values.get(key);
    values.set(key, before === undefined ? value : `${before}, ${value}`);
  }
  return { raw, has: (name) => values.has(name), single: (name) => values.get(name) };
}

/** Only space and tab: `trim` also removes a byte that is part of a value. */
function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

const isBlank = (code: number): boolean => code === 0x20 || code === 0x09;

/** Undefined: the answer says something else about its connection. */
function keepAlive(connection = 'keep-alive', hint = ''): number | undefined {
  const word = connection.toLowerCase();
  if (word === 'close') return 0;
  if (word !== 'keep-alive') return undefined;
  const seconds = /(?:^|[,\s])timeout=(\d{1,9})(?:$|[,\s])/iu.exec(hint)?.[1];
  if (seconds === undefined) return Infinity;
  return Math.max(0, Number(seconds) * 1000 - CLOSE_MARGIN_MS);
}

/** The head of a request without a body; undefined if a part of it could be read as another. */
export function formatHead(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
): string | undefined {
  if (!NAME.test(method) || !/^[\x21-\x7e]+$/u.test(path)) return undefined;
  const fields = Object.entries({ ...headers, connection: 'keep-alive' });
  if (!fields.every(([name, value]) => NAME.test(name) && VALUE.test(value))) return undefined;
  const lines = fields.map(([name, value]) => `${name}: ${value}`);
  return [`${method} ${path} HTTP/1.1`, ...lines, '', ''].join('\r\n');
}
