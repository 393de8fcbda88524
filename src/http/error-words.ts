import { asRecord } from '../util/json.ts';
import type { RedactSecrets } from '../errors/redact-secrets.ts';
import { sanitize } from '../errors/sanitize.ts';

const MAX_MESSAGE = 300;

/** Extracts the server's message from an error body: one line, without secrets of `conceal`. */
export function errorMessageOf(body: Uint8Array, conceal?: RedactSecrets): string | undefined {
  const text = new TextDecoder().decode(body).trim();
  const words = jsonErrorMessage(text) ?? (text.startsWith('<') ? '' : text);
  const shown = conceal?.(words) ?? words;
  return shown === '' ? undefined : sanitize(shown.slice(0, MAX_MESSAGE));
}

function jsonErrorMessage(text: string): string | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  const answer = asRecord(parsed);
  const list = answer['errors'];
  const first = asRecord(Array.isArray(list) ? list[0] : undefined);
  return [
    first['message'],
    first['code'],
    answer['error_description'],
    answer['message'],
    answer['details'],
    answer['detail'],
    answer['error'],
  ].find((one): one is string => typeof one === 'string' && one !== '');
}
