/** Headers of every answer. Pages load only from this server, run no inline script or style. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'none'",
    "style-src 'self'",
    "script-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  // With "no-referrer", browsers send `Origin: null` with forms.
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'cache-control': 'no-store',
};

/** A request's headers; names in lower case. */
type ReadHeader = (name: string) => string | undefined;

/**
 * Whether `Host` names this server: a web page that points its own name to this machine
 * (DNS rebinding) sends that name.
 */
export function isOwnHost(header: ReadHeader, port: number): boolean {
  const host = header('host')?.toLowerCase();
  return host === `127.0.0.1:${port}` || host === `localhost:${port}`;
}

/**
 * Whether another page sent the request. All ports of this machine are one site and share its
 * cookies, so the cookie's SameSite is not enough.
 */
export function isFromElsewhere(header: ReadHeader): boolean {
  const site = header('sec-fetch-site');
  return site !== undefined && site !== 'same-origin' && site !== 'none';
}

/** Whether a form of this server's pages sent a request that changes something. */
export function isOwnForm(header: ReadHeader): boolean {
  return !isFromElsewhere(header) && header('origin')?.toLowerCase() === `http://${header('host')}`;
}
