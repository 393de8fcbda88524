import { splitScopes } from './scopes.ts';
import type { HttpResponse } from '../types.ts';

/** One `WWW-Authenticate` challenge (RFC 9110 section 11.3). Scheme and keys are lower-case. */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** Schemes that may have no parameters; any other single word is part of an unquoted value. */
const LONE_SCHEMES: ReadonlySet<string> = new Set([
  'basic',
  'bearer',
  'digest',
  'negotiate',
  'ntlm',
]);

const TOKEN_CHAR = /[!#$%&'*+\-.^_`|~0-9A-Za-z]/u;
const isSpace = (char: string | undefined): boolean => char === ' ' || char === '\t';

/**
 * Parses the challenges of every header line, in order. Several may share a line. Linear in the
 * length of the input; never throws: unreadable parts are skipped.
 */
export function parseChallenges(lines: readonly string[]): Challenge[] {
  return lines.flatMap(parseLine);
}

function parseLine(line: string): Challenge[] {
  const found: { scheme: string; parameters: Map<string, string> }[] = [];
  let at = 0;
  while (at < line.length) {
    const end = endOfToken(line, at);
    if (end === at) {
      at = line[at] === '"' ? readQuoted(line, at).next : at + 1;
      continue;
    }
    const word = line.slice(at, end).toLowerCase();
    const after = skipSpaces(line, end);
    if (line[after] === '=') {
      const { value, next } = readValue(line, skipSpaces(line, after + 1));
      const parameters = found.at(-1)?.parameters;
      if (parameters !== undefined && !parameters.has(word)) parameters.set(word, value);
      at = next;
      continue;
    }
    const opensChallenge = after > end && endOfToken(line, after) > after;
    if (opensChallenge || LONE_SCHEMES.has(word))
      found.push({ scheme: word, parameters: new Map() });
    at = after;
  }
  return found;
}

function endOfToken(line: string, start: number): number {
  let at = start;
  while (at < line.length && TOKEN_CHAR.test(line[at] ?? '')) at += 1;
  return at;
}

function skipSpaces(line: string, start: number): number {
  let at = start;
  while (isSpace(line[at])) at += 1;
  return at;
}

function readValue(line: string, start: number): { value: string; next: number } {
  if (line[start] === '"') return readQuoted(line, start);
  let at = start;
  while (at < line.length && line[at] !== ',' && !isSpace(line[at])) at += 1;
  return { value: line.slice(start, at), next: at };
}

/** Reads a quoted-string without its escapes; an unterminated one ends with the line. */
function readQuoted(line: string, start: number): { value: string; next: number } {
  const parts: string[] = [];
  let from = start + 1;
  let at = from;
  while (at < line.length && line[at] !== '"') {
    if (line[at] === '\\') {
      parts.push(line.slice(from, at));
      from = at + 1;
      at += 2;
    } else {
      at += 1;
    }
  }
  parts.push(line.slice(from, Math.min(at, line.length)));
  return { value: parts.join(''), next: at + 1 };
}

/** A way to authenticate that a registry offers and regctl supports. */
export type AuthScheme =
  | {
      readonly kind: 'bearer';
      readonly realm?: URL | undefined;
      readonly service?: string | undefined;
    }
  | { readonly kind: 'basic' };

export interface AuthChallenge {
  /** Best first: Bearer before Basic. Empty when the answer offers nothing usable. */
  readonly offers: readonly AuthScheme[];
  /** Scopes the registry names. */
  readonly scopes: readonly string[];
}

/** Whether header lines offer a way to log in that regctl supports. */
export function hasUsableChallenge(lines: readonly string[]): boolean {
  return parseChallenges(lines).some(
    ({ scheme, parameters }) =>
      scheme === 'basic' || (scheme === 'bearer' && URL.canParse(parameters.get('realm') ?? '')),
  );
}

/**
 * Returns what an answer demands, or `undefined` if it does not ask for credentials. A 403 asks for
 * them only with `insufficient_scope` (RFC 6750 section 3.1).
 */
export function authChallengeOf(response: HttpResponse): AuthChallenge | undefined {
  if (response.status !== 401 && response.status !== 403) return undefined;
  const challenges = parseChallenges(response.headers.all('www-authenticate'));
  const bearers = challenges.filter(({ scheme }) => scheme === 'bearer');
  const widening = bearers.some((one) => one.parameters.get('error') === 'insufficient_scope');
  if (response.status === 403 && !widening) return undefined;
  const basic = challenges.some(({ scheme }) => scheme === 'basic');
  return {
    offers: [...bearers.map(bearerScheme), ...(basic ? [{ kind: 'basic' } as const] : [])],
    scopes: splitScopes(bearers[0]?.parameters.get('scope') ?? ''),
  };
}

function bearerScheme({ parameters }: Challenge): AuthScheme {
  const realm = parameters.get('realm');
  const url = realm !== undefined && URL.canParse(realm) ? new URL(realm) : undefined;
  if (url !== undefined) {
    url.username = '';
    url.password = '';
    url.hash = '';
  }
  return { kind: 'bearer', realm: url, service: parameters.get('service') };
}

/** Formats an offer like a registry does, to identify the registry's software. */
export function formatChallenge(scheme: AuthScheme): string | undefined {
  if (scheme.kind === 'basic' || scheme.realm === undefined) return undefined;
  const service = scheme.service === undefined ? '' : `,service="${scheme.service}"`;
  return `Bearer realm="${scheme.realm.href}"${service}`;
}
