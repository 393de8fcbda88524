import type { IncomingMessage, ServerResponse } from 'node:http';
import { ProtocolError } from '../protocol-error.ts';

/**
 * Whether these credentials may use the registry. `signal` aborts when the client disconnects.
 * @throws ProtocolError TOOMANYREQUESTS when too many checks wait; the signal's reason
 */
export type VerifyPassword = (
  username: string,
  password: string,
  signal?: AbortSignal,
) => boolean | Promise<boolean>;

/**
 * The user of a request, `undefined` if it has no login.
 * @throws ProtocolError UNAUTHORIZED for a wrong password; any error of `verify`
 */
export async function userOf(
  request: IncomingMessage,
  response: ServerResponse,
  verify: VerifyPassword,
): Promise<string | undefined> {
  const header = request.headers.authorization;
  if (header === undefined) return undefined;
  const given = parseBasic(header);
  // skopeo and Podman send an empty login if they have none.
  if (given?.username === '' && given.password === '') return undefined;
  if (given !== undefined && (await isRight(given, response, verify))) return given.username;
  throw loginRequired();
}

/** The answer to a request without a login, with the challenge. */
export function loginRequired(): ProtocolError {
  return new ProtocolError('UNAUTHORIZED', 'authentication required', {
    headers: { 'WWW-Authenticate': 'Basic realm="regctl serve"' },
  });
}

/** Cancels the check when the client disconnects. */
async function isRight(
  { username, password }: Credentials,
  response: ServerResponse,
  verify: VerifyPassword,
): Promise<boolean> {
  const gone = new AbortController();
  const leave = (): void => {
    gone.abort(new ProtocolError('UNAUTHORIZED', 'the client left'));
  };
  response.once('close', leave);
  try {
    return await verify(username, password, gone.signal);
  } finally {
    response.off('close', leave);
  }
}

interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** RFC 7617: the first colon separates username and password, which are UTF-8. */
function parseBasic(header: string): Credentials | undefined {
  const match = /^basic +([A-Za-z0-9+/]+=*)$/iu.exec(header.trim());
  if (match?.[1] === undefined) return undefined;
  const text = Buffer.from(match[1], 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0) return undefined;
  return { username: text.slice(0, colon), password: text.slice(colon + 1) };
}
