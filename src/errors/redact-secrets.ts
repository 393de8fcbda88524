/** Takes known secrets out of a text. */
export type RedactSecrets = (text: string) => string;

/** Shorter ones would take ordinary words out, and keep nothing safe. */
const MIN_SECRET_LENGTH = 4;

/**
 * Against servers that repeat what they were sent. Each secret is found as it is, in JSON, in a URL
 * and in base64.
 */
export function secretRedactor(secrets: readonly (string | undefined)[]): RedactSecrets {
  // Few answers have words to look at.
  return (text) =>
    allEncodings(secrets).reduce((left, form) => left.replaceAll(form, 'REDACTED'), text);
}

function allEncodings(secrets: readonly (string | undefined)[]): readonly string[] {
  const forms = secrets
    .flatMap((secret) => (secret === undefined ? [] : encodingsOf(secret)))
    .filter((form) => form.length >= MIN_SECRET_LENGTH);
  // The longest first: one may be a part of another.
  return [...new Set(forms)].toSorted((a, b) => b.length - a.length);
}

/** What an Authorization header holds; for Basic also the password itself. */
export function secretsInAuthorization(authorization: string | undefined): readonly string[] {
  const [, scheme = '', value = ''] = /^(\w+) +(\S+)$/u.exec(authorization ?? '') ?? [];
  if (scheme.toLowerCase() !== 'basic') return value === '' ? [] : [value];
  const pair = Buffer.from(value, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  return [value, pair, ...(colon < 0 ? [] : [pair.slice(colon + 1)])];
}

function encodingsOf(secret: string): readonly string[] {
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    // By way of UTF-8: half a surrogate pair has no place in a URL.
    encodeURIComponent(Buffer.from(secret).toString()),
    new URLSearchParams([['', secret]]).toString().slice(1),
    Buffer.from(secret).toString('base64'),
  ];
}
