/** Query keys that never carry a secret; every other value is hidden. */
export const SAFE_QUERY_KEYS: ReadonlySet<string> = new Set([
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

/** Makes a URL safe for messages and logs: no user info, no unknown query values, no fragment. */
export function redactUrl(input: URL | string): string {
  let url: URL;
  try {
    url = new URL(input);
  } catch {
    return '<unparsable URL>';
  }
  const query = url.search.slice(1).split('&').map(redactParameter).join('&');
  return `${url.protocol}//${url.host}${url.pathname}${query === '' ? '' : `?${query}`}`;
}

/** Keeps percent-encoding, so that a value cannot smuggle control characters into a log. */
function redactParameter(parameter: string): string {
  const end = parameter.indexOf('=');
  if (parameter === '') return '';
  if (end < 0) return SAFE_QUERY_KEYS.has(parameter) ? parameter : 'REDACTED';
  const key = parameter.slice(0, end);
  return SAFE_QUERY_KEYS.has(key) ? parameter : `${key}=REDACTED`;
}

/**
 * The password of `USER:PASSWORD@host`, unlike a tag before a digest, a mail address and a usage line.
 * Bounded, so that a long text of a registry takes linear time.
 */
const PASSWORD =
  /(?<=(?:^|[\s"'`/=(])(?!mailto:)[^\s"'`/:@=(]{1,256}:)(?!PASSWORD@)[^\s"'`/]{1,256}(?=@(?!sha(?:256|512)\b|[A-Z]+[\]|])[\w[])/gu;

/** Hides passwords in a message, which may repeat what was typed where a name was expected. */
export function redactPasswords(text: string): string {
  return text.includes('@') ? text.replace(PASSWORD, 'REDACTED') : text;
}

/** Names of headers whose values are, or may be, secrets; configuration can add such headers. */
const SECRET_HEADER =
  /authorization|cookie|token|secret|password|api-?key|credential|signature|^x-registry-auth$/u;

/** Makes a header value safe for logs. */
export function redactHeader(name: string, value: string): string {
  const key = name.toLowerCase();
  if (SECRET_HEADER.test(key)) {
    const scheme = /^(?:basic|bearer) /iu.exec(value)?.[0] ?? '';
    return `${scheme}REDACTED`;
  }
  if (key === 'www-authenticate') {
    return value.replace(/\/\/[^/?#"\s]*@/gu, '//').replace(/\?[^"\s]*/gu, '?REDACTED');
  }
  if (key === 'location' || key === 'link') {
    return value
      .replace(/\/\/[^/?#>\s]*@/gu, '//')
      .replace(/\?[^>\s]*/gu, '?REDACTED')
      .replace(/#[^>\s]*/gu, '#REDACTED');
  }
  return value;
}
