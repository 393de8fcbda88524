import type { Reply, ScriptedRequest } from '../scripted-server.ts';
import type { Bearer, StandIn } from './types.ts';

/** What a request needs: an action on a repository, or on the catalog, or nothing ("/v2/"). */
export interface Need {
  readonly scope?: string;
}

/** Tokens of one stand-in and what each was issued for. */
export class Access {
  readonly #standIn: StandIn;
  readonly #issued = new Map<string, { scopes: readonly string[]; user: string | undefined }>();

  #count = 0;

  constructor(standIn: StandIn) {
    this.#standIn = standIn;
  }

  /** As if every token had run out. */
  revoke(): void {
    this.#issued.clear();
  }

  /** `undefined`: the request may go on. */
  refuse(request: ScriptedRequest, need: Need): Reply | undefined {
    const { auth, anonymous, catalogChallenge } = this.#standIn;
    const header = request.headers.authorization;
    if (anonymous === 'everything') return undefined;
    const wantsCatalog = need.scope?.startsWith('registry:') === true;
    if (catalogChallenge !== undefined && wantsCatalog) {
      return this.#isLogin(header) ? undefined : this.#unauthorized(catalogChallenge);
    }
    if (auth.kind === 'basic') {
      const open = anonymous === 'pull' && need.scope?.endsWith(':pull') === true;
      return open || this.#isLogin(header) ? undefined : this.#unauthorized(auth.challenge);
    }
    const token = /^bearer (.+)$/iu.exec(header ?? '')?.[1];
    const known = token === undefined ? undefined : this.#issued.get(token);
    if (token !== undefined && known === undefined && auth.staleStatus !== undefined) {
      const message = 'Your Authorization Token is invalid.';
      return this.#standIn.body({ status: auth.staleStatus, code: 'DENIED', message });
    }
    const enough = need.scope === undefined || known?.scopes.includes(need.scope) === true;
    return known !== undefined && enough ? undefined : this.#unauthorized(challengeOf(auth, need));
  }

  /** The token server. */
  exchange(request: ScriptedRequest): Reply {
    const auth = this.#standIn.auth as Bearer;
    const url = new URL(request.path, 'https://x');
    const form =
      request.method === 'POST' ? new URLSearchParams(request.body.toString()) : undefined;
    if (form !== undefined && auth.postStatus !== undefined) return { status: auth.postStatus };
    const user = form === undefined ? this.#basicUser(request) : this.#formUser(form);
    if (user === false) return auth.wrongLogin;
    const wanted =
      form === undefined ? url.searchParams.getAll('scope') : (form.get('scope') ?? '').split(' ');
    const service = form === undefined ? url.searchParams.get('service') : form.get('service');
    if (service !== null && service !== auth.service) {
      return this.#standIn.body({ status: 400, code: 'UNKNOWN', message: `service ${service}?` });
    }
    const single = wanted.flatMap(splitScope);
    const action = auth.refusesActions?.find((one) => single.some((s) => s.endsWith(`:${one}`)));
    if (action !== undefined) {
      return this.#standIn.body({ status: 400, code: 'UNSUPPORTED', message: `action ${action}?` });
    }
    if (single.some((scope) => scope === auth.refusedScope)) {
      return this.#standIn.body({ status: 403, code: 'DENIED', message: 'denied' });
    }
    const granted = single.filter((scope) => this.#may(user, scope));
    this.#count += 1;
    const token = `tok-${this.#standIn.id}-${this.#count}`;
    this.#issued.set(token, { scopes: granted, user });
    return {
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        ...(auth.field === 'access_token' ? {} : { token }),
        ...(auth.field === 'token' ? {} : { access_token: token }),
        ...(auth.expiresIn === undefined ? {} : { expires_in: auth.expiresIn }),
      }),
    };
  }

  #may(user: string | undefined, scope: string): boolean {
    const { anonymous, catalog } = this.#standIn;
    if (scope.startsWith('registry:')) return catalog === 'lists' && user !== undefined;
    return user !== undefined || (anonymous === 'pull' && scope.endsWith(':pull'));
  }

  #basicUser(request: ScriptedRequest): string | undefined | false {
    const header = request.headers.authorization;
    if (header === undefined) return this.#standIn.anonymous === 'nothing' ? false : undefined;
    return this.#isLogin(header) ? this.#standIn.login.username : false;
  }

  #formUser(form: URLSearchParams): string | false {
    const { refreshToken, login } = this.#standIn;
    const good =
      form.get('grant_type') === 'refresh_token' &&
      refreshToken !== undefined &&
      form.get('refresh_token') === refreshToken;
    return good ? login.username : false;
  }

  #isLogin(header: string | undefined): boolean {
    const { username, password } = this.#standIn.login;
    const good = Buffer.from(`${username}:${password}`).toString('base64');
    return header === `Basic ${good}`;
  }

  #unauthorized(challenge: string): Reply {
    const refused = { status: 401, code: 'UNAUTHORIZED', message: 'authentication required' };
    const reply = this.#standIn.body(refused);
    return { ...reply, headers: { ...reply.headers, 'www-authenticate': challenge } };
  }
}

function challengeOf(auth: Bearer, { scope }: Need): string {
  const parts = [`realm="${auth.realm}"`];
  if (scope !== undefined || auth.serviceOnPing !== false) parts.push(`service="${auth.service}"`);
  if (scope !== undefined) parts.push(`scope="${scope}"`);
  return `${auth.scheme ?? 'Bearer'} ${parts.join(',')}`;
}

/** "repository:a/b:pull,push" → one scope an action. */
function splitScope(scope: string): string[] {
  const colon = scope.lastIndexOf(':');
  if (colon < 0) return [];
  return scope
    .slice(colon + 1)
    .split(',')
    .map((action) => `${scope.slice(0, colon)}:${action}`);
}
