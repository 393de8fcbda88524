import { AppError } from '../errors/app-error.ts';
import type { HttpClient, HttpRequest, HttpResponse, RequestBody } from '../http/types.ts';
import type { Retries } from '../http/retry/policy.ts';
import { isDigest } from '../oci/digest.ts';
import { isRepositoryName, isTag } from '../reference/names.ts';
import type { CallOptions } from '../store/types.ts';
import type { UploadJournal } from './journal/types.ts';

export interface RegistryDependencies {
  readonly request: HttpClient;
  /** Base URL of a logical registry: "docker.io" → https://registry-1.docker.io/. */
  readonly endpoint: (registry: string, options?: CallOptions) => Promise<URL>;
  /** One line of remote text, already made safe for a terminal. */
  readonly warn: (text: string) => void;
  /** How often, and after what wait, a cut transfer is continued. */
  readonly retries: Retries;
  /** Uploads of earlier runs to go on with; undefined: none. */
  readonly journal?: UploadJournal | undefined;
}

/** One registry, or one repository of it, and the scopes every request on it asks for. */
export interface Connection {
  readonly deps: RegistryDependencies;
  readonly registry: string;
  /** Absent for registry-wide requests. */
  readonly repository?: string;
  readonly scopes: readonly string[];
  /** Scopes that some later request will need beside. */
  readonly laterScopes?: readonly string[] | undefined;
  /** For messages: "ghcr.io/a/b", "ghcr.io". */
  readonly label: string;
}

export interface SendOptions extends CallOptions {
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: RequestBody | undefined;
  readonly decide?: HttpRequest['decide'];
  /** Scopes beyond the connection's own. */
  readonly extraScopes?: readonly string[] | undefined;
  /** No credentials at all: the target is not the registry. */
  readonly anonymous?: boolean | undefined;
  /** The answer is content of any length; else it is small and read within the try. */
  readonly stream?: boolean | undefined;
  /** The request or its answer carries this many bytes of content. */
  readonly contentSize?: number | undefined;
  /** Default: as its method says. */
  readonly idempotent?: boolean | undefined;
  /** The URL whose answer named the target. */
  readonly via?: URL | undefined;
}

/**
 * Content from this size goes by the client that is cheaper per byte; less would not pay for a
 * connection of its own.
 */
export const BULK = 1024 * 1024;

export function registryConnection(
  deps: RegistryDependencies,
  registry: string,
  scopes: readonly string[],
): Connection {
  return { deps, registry, scopes, label: registry };
}

/** @throws AppError INVALID_REFERENCE when `name` could leave its place in the path */
export function repositoryConnection(
  deps: RegistryDependencies,
  registry: string,
  name: string,
  scopes: readonly string[],
  laterScopes?: readonly string[],
): Connection {
  checkName(name);
  return { deps, registry, repository: name, scopes, laterScopes, label: `${registry}/${name}` };
}

/** The grammar leaves no room to climb out of a path. @throws AppError INVALID_REFERENCE */
export function checkName(name: string): void {
  if (isRepositoryName(name)) return;
  throw new AppError('INVALID_REFERENCE', `invalid repository name "${name.slice(0, 200)}"`);
}

/** "label:tag" or "label@digest". @throws AppError INVALID_REFERENCE when `ref` is neither */
export function nameOf(connection: Connection, ref: string): string {
  if (isDigest(ref)) return `${connection.label}@${ref}`;
  if (isTag(ref)) return `${connection.label}:${ref}`;
  throw new AppError(
    'INVALID_REFERENCE',
    `"${ref.slice(0, 200)}" is neither a tag nor a digest of ${connection.label}`,
  );
}

/** `path` below /v2/ of the repository: "manifests/latest". */
export async function repositoryUrl(
  connection: Connection,
  path: string,
  options?: CallOptions,
): Promise<URL> {
  return registryUrl(connection, `${connection.repository ?? ''}/${path}`, options);
}

/** `path` below /v2/, behind whatever path prefix the endpoint has. */
export async function registryUrl(
  connection: Connection,
  path: string,
  options?: CallOptions,
): Promise<URL> {
  const base = await connection.deps.endpoint(connection.registry, options);
  const prefix = base.pathname.endsWith('/') ? base.pathname.slice(0, -1) : base.pathname;
  return new URL(`${prefix}/v2/${path}`, base);
}

export async function send(
  connection: Connection,
  method: string,
  url: URL,
  options: SendOptions = {},
): Promise<HttpResponse> {
  const { registry, repository, laterScopes } = connection;
  const scopes = [...connection.scopes, ...(options.extraScopes ?? [])];
  const auth = { registry, repository, scopes, laterScopes };
  return connection.deps.request({
    method,
    url,
    headers: options.headers,
    body: options.body,
    decide: options.decide,
    auth: options.anonymous === true ? undefined : auth,
    via: options.via,
    whole: options.stream !== true,
    bulk: (options.contentSize ?? 0) >= BULK,
    idempotent: options.idempotent,
    signal: options.signal,
  });
}
