import { AppError } from '../../errors/app-error.ts';
import { redactUrl } from '../../errors/redact.ts';
import { sanitize } from '../../errors/sanitize.ts';
import type { Digest } from '../../oci/digest.ts';

/** Where an upload continues. */
export interface UploadTarget {
  readonly url: URL;
  /** A different origin than the registry's: no credentials are sent (CVE-2026-50151). */
  readonly anonymous: boolean;
  /** The URL whose answer named it. */
  readonly initiator: URL;
  /** Minimum size in bytes of every chunk except the last (`OCI-Chunk-Min-Length`). */
  readonly minChunk?: number | undefined;
}

/**
 * Resolves the `Location` of an upload, kept as the registry wrote it, because its query has state.
 * `answeredFrom` is the URL that answered, after redirects; `registryUrl` owns the credentials.
 * @throws AppError UPLOAD_FAILED if it is not a URL, TARGET_FORBIDDEN if it must not be followed
 */
export function resolveUploadLocation(
  location: string,
  answeredFrom: URL,
  registryUrl: URL,
  where: string,
): UploadTarget {
  const url = parse(location, answeredFrom, where);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw forbidden(url, where, 'its scheme is neither https nor http');
  }
  if (url.username !== '' || url.password !== '') {
    throw forbidden(url, where, 'it has a username or password');
  }
  upgradeToHttps(url, registryUrl);
  const anonymous = url.origin !== registryUrl.origin;
  if (anonymous && url.protocol === 'http:' && registryUrl.protocol === 'https:') {
    throw forbidden(url, where, 'it leaves https');
  }
  return { url, anonymous, initiator: answeredFrom };
}

/** Appends `digest` to the query; the rest of the URL does not change. */
export function withDigest(url: URL, digest: Digest): URL {
  const text = url.href.split('#', 1)[0] ?? '';
  const joint = !text.includes('?') ? '?' : text.endsWith('?') || text.endsWith('&') ? '' : '&';
  return new URL(`${text}${joint}digest=${encodeURIComponent(digest)}`);
}

function parse(location: string, base: URL, where: string): URL {
  try {
    return new URL(location, base);
  } catch (error) {
    throw new AppError(
      'UPLOAD_FAILED',
      `${where}: the registry's upload Location is not a URL: "${sanitize(location.slice(0, 200))}"`,
      { cause: error },
    );
  }
}

/** A registry that does not know about its TLS proxy: same host, but http. */
function upgradeToHttps(url: URL, registryUrl: URL): void {
  const sameHost = url.hostname === registryUrl.hostname;
  if (sameHost && url.protocol === 'http:' && registryUrl.protocol === 'https:') {
    url.protocol = 'https:';
  }
}

function forbidden(url: URL, where: string, reason: string): AppError {
  return new AppError(
    'TARGET_FORBIDDEN',
    `${where}: the registry sends the upload to ${redactUrl(url)}, which is refused: ${reason}`,
    { hint: 'The registry, or a proxy in front of it, is set up wrongly or is not to be trusted.' },
  );
}
