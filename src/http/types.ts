import type { RedactSecrets } from '../errors/redact-secrets.ts';
import type { Bytes } from '../util/bytes.ts';

/** A body that can be opened again for retries, re-authentication and redirects. */
export interface RequestBody {
  /** Exact length in bytes; sent as Content-Length. */
  readonly length: number;
  /** Opens the body from its start; called again for each try. */
  open(): Promise<Bytes> | Bytes;
}

/** Whose credentials a request needs, and for what. */
export interface RequestAuth {
  /** Logical registry whose credentials are looked up: "docker.io", "localhost:5000". */
  readonly registry: string;
  /** Repository, for path-scoped credentials; absent for registry-wide requests. */
  readonly repository?: string | undefined;
  /** Scopes that this request is known to need: "repository:a/b:pull,push". */
  readonly scopes: readonly string[];
  /** Scopes that later requests need: a new token is requested with them if possible. */
  readonly upcomingScopes?: readonly string[] | undefined;
}

/** A request with its login and its rules for retries and redirects. */
export interface HttpRequest {
  readonly method: string;
  /**
   * Determines the method of a request that is otherwise ready, so that what is not known yet does
   * not delay the login. A request without authorization uses `method`.
   */
  readonly resolveMethod?: (() => Promise<'GET' | 'HEAD'>) | undefined;
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: RequestBody | undefined;
  /** Absent: the request is anonymous and stays so (foreign URLs, cross-origin Locations). */
  readonly auth?: RequestAuth | undefined;
  /**
   * The URL whose answer named this one: a Location, a Link, a foreign layer, a realm. On another
   * origin the target is checked (address/target.ts), the request is sent without `auth` and
   * without its own headers, and only a checked address is dialed.
   */
  readonly initiator?: URL | undefined;
  /**
   * The answer is small: a 200 is read within the try, so that an interrupted body is a failed try
   * like any other. An answer longer than 4 MiB is streamed.
   */
  readonly bufferBody?: boolean | undefined;
  /**
   * The answer is a blob: a proxy may scan all of it before it sends the first byte, so the wait
   * for that byte has its own limit.
   */
  readonly blob?: boolean | undefined;
  /** The request or the answer is large: the cost per byte matters more than the startup cost. */
  readonly large?: boolean | undefined;
  /** The reader is done with a chunk of the answer when it asks for the next. */
  readonly reuseChunks?: boolean | undefined;
  /** May be sent twice without harm. Default: every method except PATCH. */
  readonly idempotent?: boolean | undefined;
  /** Follow redirects. Default: true for GET and HEAD, 307/308 for the rest. */
  readonly redirect?: 'follow' | 'manual' | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** An answer whose body is read once. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: ResponseHeaders;
  /** Where the answer came from, after redirects; Locations and Links resolve against it. */
  readonly url: URL;
  readonly body: Bytes;
  /** Discards an unread body; safe to call twice and after reading. */
  discard(): Promise<void>;
  /** Number of tries, if there was more than one. */
  readonly attempts?: number | undefined;
  /**
   * The token expired and a new one is available. The request was not repeated, because its body
   * may have been processed in part: the sender knows how to continue.
   */
  readonly tokenRenewed?: boolean | undefined;
  /** The credentials that the request carried; absent if it could not carry any. */
  readonly credentials?: SentCredentials | undefined;
  /** The challenge for its token, as the registry wrote it; it can identify the software. */
  readonly challenge?: string | undefined;
  /** Removes the secrets of the request from the server's text; absent for synthetic answers. */
  readonly redactSecrets?: RedactSecrets | undefined;
}

/** Which credentials a request carried, and where they came from. */
export interface SentCredentials {
  /** False: anonymous, possibly with an anonymous token. */
  readonly sent: boolean;
  /** `Credential.origin`, if credentials were sent. */
  readonly origin?: string | undefined;
}

/** Headers of an answer, by names in lower case. */
export interface ResponseHeaders {
  /** The first value, or undefined. Names are case-insensitive. */
  get(name: string): string | undefined;
  /** Every header line of that name, unjoined. */
  all(name: string): readonly string[];
  /** Lower-case names, without duplicates. */
  names(): readonly string[];
}

/** Sends one logical request. @throws AppError NETWORK, TLS, TIMEOUT, and errors of middleware */
export type HttpClient = (request: HttpRequest) => Promise<HttpResponse>;

export type Middleware = (next: HttpClient) => HttpClient;
