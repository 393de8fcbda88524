import type { RegistryErrorEntry } from '../../errors/app-error.ts';
import type { RedactSecrets } from '../../errors/redact-secrets.ts';
import type { HttpResponse, ResponseHeaders } from '../../http/types.ts';
import { isRecord } from '../../util/json.ts';
import { parseJsonStrict } from '../../oci/strict-json.ts';
import { concat, type Bytes } from '../../util/bytes.ts';

/** Maximum bytes of an error body that are read; the rest is dropped. */
const MAX_ERROR_BYTES = 64 * 1024;
const MAX_ENTRIES = 20;
const MAX_TEXT = 300;

/** An unexpected response, with its body read and discarded. */
export interface ErrorResponse {
  readonly status: number;
  readonly method: string;
  readonly url: URL;
  readonly headers: ResponseHeaders;
  readonly credentials: HttpResponse['credentials'];
  readonly challenge: HttpResponse['challenge'];
  readonly attempts: HttpResponse['attempts'];
  readonly entries: readonly RegistryErrorEntry[];
  /** The body was a web page: the server may not be a registry. */
  readonly html: boolean;
}

export async function readErrorResponse(
  method: string,
  response: HttpResponse,
): Promise<ErrorResponse> {
  const body = method === 'HEAD' ? '' : await readSome(response.body);
  await response.discard();
  const html = isHtml(response.headers, body);
  return {
    status: response.status,
    method,
    url: response.url,
    headers: response.headers,
    credentials: response.credentials,
    challenge: response.challenge,
    attempts: response.attempts,
    entries: entriesWithout(response.redactSecrets, body, html ? htmlEntry : parseErrorBody),
    html,
  };
}

/**
 * Codes as registries have them: a password that is part of one must not change its meaning.
 */
const CODE = /^(?:[A-Z]+(?:_[A-Z]+)+|DENIED|TOOMANYREQUESTS|UNAUTHORIZED|UNKNOWN|UNSUPPORTED)$/u;

/** Secrets are removed before anything is truncated, so that no part of one remains. */
function entriesWithout(
  conceal: RedactSecrets | undefined,
  body: string,
  parse: (body: string) => RegistryErrorEntry[],
): RegistryErrorEntry[] {
  const entries = parse(body);
  const concealed = conceal?.(body) ?? body;
  if (conceal === undefined || concealed === body) return entries;
  const safe = parse(concealed);
  // If a member's name was a secret, the two do not match.
  const fits = safe.length === entries.length;
  return entries.map(({ code }, i) => ({
    ...(fits ? safe[i] : undefined),
    code: CODE.test(code) ? code : conceal(code),
    message: (fits ? safe[i]?.message : undefined) ?? 'REDACTED',
  }));
}

/** Whether one of the registry's own error codes is among `codes`. */
export function hasErrorCode(answer: ErrorResponse, ...codes: readonly string[]): boolean {
  return answer.entries.some((entry) => codes.includes(entry.code.toUpperCase()));
}

/** Whether the registry (in maintenance, a mirror, a proxy cache) accepts no writes. */
export function isReadOnly({ entries }: ErrorResponse): boolean {
  return entries.some(({ message }) => /\bread[- ]?only\b/iu.test(message));
}

/** Content-Type without parameters, lower case. */
export function contentTypeOf(headers: ResponseHeaders): string | undefined {
  const value = headers.get('content-type');
  const type = value?.split(';', 1)[0]?.trim().toLowerCase();
  return type === '' ? undefined : type;
}

export function isHtml(headers: ResponseHeaders, start: string): boolean {
  return contentTypeOf(headers) === 'text/html' || /^\s*<(?:!doctype|html)/iu.test(start);
}

/** The first bytes as text; an interrupted body is used as far as it was received. */
async function readSome(bytes: Bytes): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of bytes) {
      const room = MAX_ERROR_BYTES - size;
      chunks.push(chunk.byteLength > room ? chunk.subarray(0, room) : chunk);
      size += Math.min(chunk.byteLength, room);
      if (size >= MAX_ERROR_BYTES) break;
    }
  } catch {
    // The status is known; a truncated explanation must not hide it.
  }
  return new TextDecoder().decode(concat(chunks, size));
}

function htmlEntry(body: string): RegistryErrorEntry[] {
  const open = body.search(/<title>/iu);
  const rest = open < 0 ? '' : body.slice(open + '<title>'.length);
  const title = rest.slice(0, MAX_TEXT).split('<', 1)[0]?.trim() ?? '';
  return [
    {
      code: '',
      message: title === '' ? 'a web page (HTML)' : `a web page (HTML), "${collapseSpaces(title)}"`,
    },
  ];
}

/** `{"errors":[…]}` and other formats that registries use; plain text becomes one entry. */
export function parseErrorBody(body: string): RegistryErrorEntry[] {
  const text = body.trim();
  if (text === '') return [];
  let value: unknown;
  try {
    value = parseJsonStrict(new TextEncoder().encode(text), 'REGISTRY_ERROR', 'error body');
  } catch {
    return [{ code: '', message: collapseSpaces(text) }];
  }
  const entries = entriesOf(value);
  return entries.length > 0 || text.startsWith('{}') || text === 'null'
    ? entries
    : [{ code: '', message: collapseSpaces(text) }];
}

function entriesOf(value: unknown): RegistryErrorEntry[] {
  if (!isRecord(value)) return [];
  const errors = value['errors'];
  if (Array.isArray(errors)) return errors.slice(0, MAX_ENTRIES).flatMap(entryOf);
  for (const key of ['details', 'detail', 'message', 'error']) {
    const text = value[key];
    if (typeof text === 'string' && text !== '')
      return [{ code: '', message: collapseSpaces(text) }];
  }
  return entryOf(value['error']);
}

function entryOf(value: unknown): RegistryErrorEntry[] {
  if (typeof value === 'string') return [{ code: '', message: collapseSpaces(value) }];
  if (!isRecord(value)) return [];
  const code = typeof value['code'] === 'string' ? value['code'] : '';
  const message = typeof value['message'] === 'string' ? value['message'] : '';
  if (code === '' && message === '') return [];
  const detail = value['detail'];
  return [
    {
      code: code.slice(0, 100),
      message: collapseSpaces(message),
      ...(detail === undefined || detail === null ? {} : { detail }),
    },
  ];
}

function collapseSpaces(text: string): string {
  const line = text
    .slice(0, 4 * MAX_TEXT)
    .replace(/\s+/gu, ' ')
    .trim();
  return line.length > MAX_TEXT ? `${line.slice(0, MAX_TEXT - 1)}…` : line;
}
