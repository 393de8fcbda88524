import { AppError } from '../errors/app-error.ts';
import type { CredentialChain } from '../credentials/types.ts';
import type { HttpClient, HttpRequest, HttpResponse, RequestBody } from '../http/types.ts';
import type { RetryPolicy } from '../http/retry/policy.ts';
import { isDigest } from '../oci/digest.ts';
import { isRepositoryName, isTag } from '../reference/names.ts';
import type { CallOptions } from '../util/abort.ts';
import type { UploadJournal } from './journal/types.ts';

/** What the requests of a registry client share. */
export interface RegistryDependencies {
  readonly request: HttpClient;
  /** Base URL of a logical registry: "docker.io" → https://registry-1.docker.io/. */
  readonly endpoint: (registry: string, options?: CallOptions) => Promise<URL>;
  /** One line of remote text, already made safe for a terminal. */
  readonly warn: (text: string) => void;
  /** How often and after what wait an interrupted transfer is resumed. */
  readonly retries: RetryPolicy;
  /** Logins for the registry's other APIs. Default: none. */
  readonly credentials?: Pick<CredentialChain, 'lookup'> | undefined;
  /** Registries to which this run sends each blob in one request, because others failed. */
  readonly wholeUploads?: Set<string> | undefined;
  /** Uploads of earlier runs to resume; undefined: none. */
  readonly journal?: UploadJournal | undefined;
}

/** One registry or repository, and the scopes of every request to it. */
export interface RequestContext {
  readonly deps: RegistryDependencies;
  readonly registry: string;
  /** Absent for registry-wide requests. */
  readonly repository?: string;
  readonly scopes: readonly string[];
  /** Additional scopes that later requests need. */
  readonly upcomingScopes?: readonly string[] | undefined;
  /** For messages: "ghcr.io/a/b", "ghcr.io". */
  readonly label: string;
}

export interface RequestOptions extends CallOptions {
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: RequestBody | undefined;
  readonly resolveMethod?: HttpRequest['resolveMethod'];
  /** Scopes in addition to those of the context. */
  readonly extraScopes?: readonly string[] | undefined;
  /** No credentials at all: the target is not the registry. */
  readonly anonymous?: boolean | undefined;
  /** The answer is content of any length; otherwise it is small and read within the try. */
  readonly stream?: boolean | undefined;
  /** The request or its answer carries this many bytes of content. */
  readonly contentSize?: number | undefined;
  /** See OpenOptions. */
  readonly reuseChunks?: boolean | undefined;
  /** Default: depends on the method. */
  readonly idempotent?: boolean | undefined;
  /** The URL whose answer named the target. */
  readonly initiator?: URL | undefined;
}

/**
 * Content from this size uses the client that is cheaper per byte; a separate connection for less
 * is not worth it.
 */
export const LARGE_CONTENT_BYTES = 1024 * 1024;

export function registryContext(
  deps: RegistryDependencies,
  registry: string,
  scopes: readonly string[],
): RequestContext {
  return { deps, registry, scopes, label: registry };
}

/** @throws AppError INVALID_REFERENCE if `name` could escape its part of the path */
export function repositoryContext(
  deps: RegistryDependencies,
  registry: string,
  name: string,
  scopes: readonly string[],
  upcomingScopes?: readonly string[],
): RequestContext {
  checkName(name);
  return { deps, registry, repository: name, scopes, upcomingScopes, label: `${registry}/${name}` };
}

/** The grammar does not allow names that escape a path. @throws AppError INVALID_REFERENCE */
export function checkName(name: string): void {
  if (isRepositoryName(name)) return;
  throw new AppError('INVALID_REFERENCE', `invalid repository name "${name.slice(0, 200)}"`);
}

/** "label:tag" or "label@digest". @throws AppError INVALID_REFERENCE if `ref` is neither */
export function refName(context: RequestContext, ref: string): string {
  if (isDigest(ref)) return `${context.label}@${ref}`;
  if (isTag(ref)) return `${context.label}:${ref}`;
  throw new AppError(
    'INVALID_REFERENCE',
    `"${ref.slice(0, 200)}" is neither a tag nor a digest of ${context.label}`,
  );
}

/** Resolves `path` in the repository's part of /v2/: "manifests/latest". */
export async function repositoryUrl(
  context: RequestContext,
  path: string,
  options?: CallOptions,
): Promise<URL> {
  return registryUrl(context, `${context.repository ?? ''}/${path}`, options);
}

/** Resolves `path` in /v2/, after the path prefix of the endpoint, if any. */
export async function registryUrl(
  context: RequestContext,
  path: string,
  options?: CallOptions,
): Promise<URL> {
  const base = await context.deps.endpoint(context.registry, options);
  const prefix = base.pathname.endsWith('/') ? base.pathname.slice(0, -1) : base.pathname;
  return new URL(`${prefix}/v2/${path}`, base);
}

export async function request(
  context: RequestContext,
  method: string,
  url: URL,
  options: RequestOptions = {},
): Promise<HttpResponse> {
  const { registry, repository, upcomingScopes } = context;
  const scopes = [...context.scopes, ...(options.extraScopes ?? [])];
  const auth = { registry, repository, scopes, upcomingScopes };
  return context.deps.request({
    method,
    url,
    headers: options.headers,
    body: options.body,
    resolveMethod: options.resolveMethod,
    auth: options.anonymous === true ? undefined : auth,
    initiator: options.initiator,
    bufferBody: options.stream !== true,
    blob: options.stream,
    large: (options.contentSize ?? 0) >= LARGE_CONTENT_BYTES,
    reuseChunks: options.reuseChunks,
    idempotent: options.idempotent,
    signal: options.signal,
  });
}

/** What was tried, for messages: "cannot read manifest ghcr.io/a/b:latest". */
export interface Operation {
  /** "read manifest" */
  readonly action: string;
  /** "ghcr.io/a/b:latest" */
  readonly target: string;
  /** Decides what a 404 means. */
  readonly kind: 'manifest' | 'blob' | 'upload' | 'repository' | 'registry';
}
