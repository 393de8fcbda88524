/** Removes known secrets from a text. */
export type RedactSecrets = (text: string) => string;

/** Redacting shorter secrets would remove ordinary words and protect nothing. */
const MIN_SECRET_LENGTH = 4;

/**
 * Protects against servers that repeat what they received. Each secret is found verbatim, in JSON,
 * in a URL and in base64.
 */
export function secretRedactor(secrets: readonly (string | undefined)[]): RedactSecrets {
  // Computed only when needed: few answers contain text.
  return (text) =>
    allEncodings(secrets).reduce((left, form) => left.replaceAll(form, 'REDACTED'), text);
}

function allEncodings(secrets: readonly (string | undefined)[]): readonly string[] {
  const forms = secrets
    .flatMap((secret) => (secret === undefined ? [] : encodingsOf(secret)))
    .filter((form) => form.length >= MIN_SECRET_LENGTH);
  // The longest first, because one may be part of another.
  return [...new Set(forms)].toSorted((a, b) => b.length - a.length);
}

/** The secrets in an Authorization header; for Basic also the password itself. */
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
    // Through UTF-8: a lone surrogate cannot be encoded in a URL.
    encodeURIComponent(Buffer.from(secret).toString()),
    new URLSearchParams([['', secret]]).toString().slice(1),
    Buffer.from(secret).toString('base64'),
  ];
}
