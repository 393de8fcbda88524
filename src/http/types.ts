import type { RedactSecrets } from '../errors/redact-secrets.ts';
import type { Bytes } from '../util/bytes.ts';

/** A body that can be opened again, from an offset, for retry, re-authentication and redirects. */
export interface RequestBody {
  /** Exact length in bytes; sent as Content-Length. */
  readonly length: number;
  open(): Promise<Bytes> | Bytes;
}

export interface RequestAuth {
  /** Logical registry the credentials are looked up for: "docker.io", "localhost:5000". */
  readonly registry: string;
  /** Repository, for path-scoped credentials; absent for registry-wide requests. */
  readonly repository?: string | undefined;
  /** Scopes this request is known to need: "repository:a/b:pull,push". */
  readonly scopes: readonly string[];
  /** Scopes that later requests will need: a new token is asked for with them, if it is given so. */
  readonly upcomingScopes?: readonly string[] | undefined;
}

export interface HttpRequest {
  readonly method: string;
  /**
   * The method in place of `method`, for a request that has all that it takes to be sent: what is
   * not known yet need not hold up signing in. One that goes without authorisation goes as `method`.
   */
  readonly resolveMethod?: (() => Promise<'GET' | 'HEAD'>) | undefined;
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: RequestBody | undefined;
  /** Absent: the request is anonymous and stays so (foreign URLs, cross-origin Locations). */
  readonly auth?: RequestAuth | undefined;
  /**
   * The URL whose answer named this one: a Location, a Link, a foreign layer, a realm. On another
   * origin the target is judged (address/target.ts), the request goes without `auth` and without headers
   * of its own, and only a checked address is dialled.
   */
  readonly initiator?: URL | undefined;
  /**
   * Its answer is small: a 200 is read within the try, so that a cut in its body is a failed try
   * like any other. What turns out longer than 4 MiB streams on.
   */
  readonly bufferBody?: boolean | undefined;
  /**
   * Its answer is a blob: a proxy may look through the whole of it before it lets the first byte go,
   * so that one has a limit of its own.
   */
  readonly blob?: boolean | undefined;
  /** It or its answer is large content: the cost of a byte counts for more than that of a start. */
  readonly large?: boolean | undefined;
  /** May be sent twice without harm. Default: GET, HEAD, PUT, DELETE and POST with a reopenable or no body. */
  readonly idempotent?: boolean | undefined;
  /** Follow redirects. Default: true for GET and HEAD, 307/308 for the rest. */
  readonly redirect?: 'follow' | 'manual' | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: ResponseHeaders;
  /** Where the answer came from, after redirects; Locations and Links resolve against it. */
  readonly url: URL;
  readonly body: Bytes;
  /** Lets go of an unread body; safe to call twice and after reading. */
  discard(): Promise<void>;
  /** How often it was tried, when that was more than once. */
  readonly attempts?: number | undefined;
  /**
   * Its token is not good any more, and a new one is at hand. The request was not repeated, because
   * its body may have moved something on: its sender knows how to go on.
   */
  readonly tokenRenewed?: boolean | undefined;
  /** What the request that got this answer carried; absent when it could not carry credentials. */
  readonly credentials?: SentCredentials | undefined;
  /** The challenge that its token met, as the registry wrote it; a sign of what software it runs. */
  readonly challenge?: string | undefined;
  /** Takes out of the server's words what it was sent in confidence; absent for made-up answers. */
  readonly redactSecrets?: RedactSecrets | undefined;
}

export interface SentCredentials {
  /** False: anonymous, be it with an anonymous token. */
  readonly sent: boolean;
  /** `Credential.origin`, when credentials were sent. */
  readonly origin?: string | undefined;
}

export interface ResponseHeaders {
  /** The first value, or undefined. Names are matched without case. */
  get(name: string): string | undefined;
  /** Every header line of that name, unjoined. */
  all(name: string): readonly string[];
  /** Lower-case names, each once. */
  names(): readonly string[];
}

/** Sends one logical request. @throws AppError NETWORK, TLS, TIMEOUT, and what its middleware adds */
export type HttpClient = (request: HttpRequest) => Promise<HttpResponse>;

export type Middleware = (next: HttpClient) => HttpClient;
