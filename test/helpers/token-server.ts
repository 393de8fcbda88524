import { createSign, randomBytes, X509Certificate } from 'node:crypto';
import {
  startScriptedServer,
  type Reply,
  type ScriptedRequest,
  type ScriptedServer,
} from './scripted-server.ts';

export interface TokenServerOptions {
  readonly key: string;
  readonly cert: string;
  readonly users?: Readonly<Record<string, string>>;
  /** Refresh tokens and the user each belongs to. */
  readonly refreshTokens?: Readonly<Record<string, string>>;
  /** Repositories that anybody may pull. */
  readonly isPublic?: (repository: string) => boolean;
  /** Seconds a token is really good for; what the answer claims is `claimedLifetime`. */
  readonly lifetime?: (issued: number) => number;
  readonly claimedLifetime?: number;
  /** Speaks TLS, with the same key and certificate. */
  readonly tls?: boolean;
}

export interface TokenServer extends AsyncDisposable {
  readonly realm: string;
  readonly service: string;
  readonly issuer: string;
  readonly requests: ScriptedServer['requests'];
  readonly lines: ScriptedServer['lines'];
}

/** A small token server for docker-registry's `auth: token` (distribution docs/spec/auth/token.md). */
export async function startTokenServer(options: TokenServerOptions): Promise<TokenServer> {
  const service = 'test-registry';
  const issuer = 'test-issuer';
  let issued = 0;
  const { key, cert, tls } = options;
  const server = await startScriptedServer(
    (request) => answer(request),
    tls === true ? { tls: { key, cert } } : {},
  );

  const answer = (request: ScriptedRequest): Reply => {
    const url = new URL(request.path, 'http://x');
    const form =
      request.method === 'POST' ? new URLSearchParams(request.body.toString()) : undefined;
    const user = form === undefined ? basicUser(request) : formUser(form);
    if (user === false)
      return {
        status: 401,
        body: '{"errors":[{"code":"UNAUTHORIZED","message":"wrong user or password"}]}',
      };
    const wanted =
      form === undefined
        ? url.searchParams.getAll('scope')
        : (form.get('scope') ?? '').split(' ').filter(Boolean);
    const access = wanted
      .map((scope) => grant(scope, user))
      .filter((one) => one.actions.length > 0);
    const token = sign(access, user);
    return {
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        token,
        access_token: token,
        expires_in: options.claimedLifetime ?? 300,
      }),
    };
  };

  const basicUser = (request: ScriptedRequest): string | undefined | false => {
    const header = request.headers.authorization;
    if (header === undefined) return undefined;
    const [name = '', password] = Buffer.from(header.replace(/^Basic /, ''), 'base64')
      .toString()
      .split(':');
    return options.users?.[name] !== undefined && options.users[name] === password ? name : false;
  };
  const formUser = (form: URLSearchParams): string | false => {
    if (form.get('grant_type') === 'refresh_token') {
      return options.refreshTokens?.[form.get('refresh_token') ?? ''] ?? false;
    }
    const name = form.get('username') ?? '';
    return options.users?.[name] === form.get('password') ? name : false;
  };
  const grant = (scope: string, user: string | undefined) => {
    const [type = '', ...rest] = scope.split(':');
    const actions = (rest.pop() ?? '').split(',');
    const name = rest.join(':');
    const allowed = (action: string): boolean =>
      user !== undefined ||
      (type === 'repository' && action === 'pull' && (options.isPublic?.(name) ?? false));
    return { type, name, actions: actions.filter(allowed) };
  };
  const sign = (access: unknown, user: string | undefined): string => {
    const now = Math.floor(Date.now() / 1000);
    issued += 1;
    const lifetime = options.lifetime?.(issued) ?? 300;
    const x5c = [new X509Certificate(options.cert).raw.toString('base64')];
    const head = encode({ typ: 'JWT', alg: 'ES256', x5c });
    const claims = encode({
      iss: issuer,
      sub: user ?? '',
      aud: service,
      nbf: now - 10,
      iat: now,
      exp: now + lifetime,
      jti: randomBytes(8).toString('hex'),
      access,
    });
    const signer = { key, dsaEncoding: 'ieee-p1363' } as const;
    const signature = createSign('SHA256').update(`${head}.${claims}`).sign(signer, 'base64url');
    return `${head}.${claims}.${signature}`;
  };

  return {
    realm: `${server.origin}/token`,
    service,
    issuer,
    requests: server.requests,
    get lines() {
      return server.lines;
    },
    [Symbol.asyncDispose]: () => server.close(),
  };
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
