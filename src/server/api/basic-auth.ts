import type { IncomingMessage } from 'node:http';
import { ProtocolError } from '../protocol-error.ts';

/** Whether these credentials may use the registry. */
export type VerifyPassword = (username: string, password: string) => boolean | Promise<boolean>;

/** @throws ProtocolError UNAUTHORIZED with the challenge */
export async function requireBasicAuth(
  request: IncomingMessage,
  verify: VerifyPassword,
): Promise<void> {
  const given = parseBasic(request.headers.authorization);
  if (given !== undefined && (await verify(given.username, given.password))) return;
  throw new ProtocolError('UNAUTHORIZED', 'authentication required', {
    headers: { 'WWW-Authenticate': 'Basic realm="regctl serve"' },
  });
}

/** RFC 7617: the first colon parts name and password, which are UTF-8. */
function parseBasic(
  header: string | undefined,
): { username: string; password: string } | undefined {
  const match = /^basic +([A-Za-z0-9+/]+=*)$/iu.exec(header?.trim() ?? '');
  if (match?.[1] === undefined) return undefined;
  const text = Buffer.from(match[1], 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0) return undefined;
  return { username: text.slice(0, colon), password: text.slice(colon + 1) };
}
