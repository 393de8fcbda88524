/** Query keys that never carry a secret; every other value is hidden. */
const SAFE_QUERY_KEYS: ReadonlySet<string> = new Set([
  'scope',
  'service',
  'mount',
  'from',
  'digest',
  'n',
  'last',
  'artifactType',
  'tag',
  'q',
  'page',
  'page_size',
  'query',
  'ns',
]);

/** A URL fit for messages and logs: no user information, unknown query values hidden, no fragment. */
export function redactUrl(input: URL | string): string {
  let url: URL;
  try {
    url = new URL(input);
  } catch {
    return '<unparsable URL>';
  }
  const query = [...url.searchParams]
    .map(([key, value]) => `${key}=${SAFE_QUERY_KEYS.has(key) ? value : 'REDACTED'}`)
    .join('&');
  return `${url.protocol}//${url.host}${url.pathname}${query === '' ? '' : `?${query}`}`;
}

const SECRET_HEADERS: ReadonlySet<string> = new Set([
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
  'x-registry-auth',
]);

/** A header value fit for logs. */
export function redactHeader(name: string, value: string): string {
  const key = name.toLowerCase();
  if (SECRET_HEADERS.has(key)) {
    const scheme = /^(?:basic|bearer) /iu.exec(value)?.[0] ?? '';
    return `${scheme}REDACTED`;
  }
  if (key === 'location' || key === 'link') return value.replace(/\?[^>\s]*/gu, '?REDACTED');
  return value;
}
