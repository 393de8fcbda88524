import { AppError } from '../../errors/app-error.ts';
import { NO_RETRIES } from '../../http/retry/policy.ts';
import type { HttpClient, HttpResponse } from '../../http/types.ts';
import { isRecord } from '../../util/json.ts';
import { parseJsonStrict } from '../../oci/strict-json.ts';
import type { CallOptions } from '../../util/abort.ts';
import { collect } from '../../util/bytes.ts';
import { registryContext } from '../requests.ts';
import { errorFromResponse } from '../errors/error.ts';
import { DOCKER_HUB } from '../../reference/docker-hub.ts';

/** One line of Docker Hub's search. */
export interface HubSearchResult {
  readonly name: string;
  readonly description: string;
  readonly stars: number;
  readonly pulls: number;
  readonly official: boolean;
}

export interface HubSearch extends CallOptions {
  readonly term: string;
  /** Most results wanted. Default 25. */
  readonly limit?: number | undefined;
  readonly filters?:
    | { readonly official?: boolean | undefined; readonly stars?: number | undefined }
    | undefined;
  /** Default https://index.docker.io/. */
  readonly baseUrl?: URL | undefined;
}

export interface HubRepository {
  readonly name: string;
  readonly namespace: string;
  readonly description: string;
  readonly private: boolean;
  readonly stars: number;
  readonly pulls: number;
  /** ISO 8601, as Docker Hub wrote it. */
  readonly lastUpdated: string | undefined;
}

const SEARCH_URL = 'https://index.docker.io/';
const HUB_URL = 'https://hub.docker.com/';
/** Docker Hub's own limit on a page. */
const PAGE = 100;
const MAX_SEARCH_PAGES = 50;
const MAX_LIST_PAGES = 1_000;
const MAX_BYTES = 4 * 1024 * 1024;

/** Docker Hub's v1 search, anonymous; it cannot filter, so the filters are applied here. */
export async function searchHub(http: HttpClient, search: HubSearch): Promise<HubSearchResult[]> {
  const limit = search.limit ?? 25;
  const filtered = search.filters?.official !== undefined || search.filters?.stars !== undefined;
  const size = filtered ? PAGE : Math.max(1, Math.min(limit, PAGE));
  const found: HubSearchResult[] = [];
  for (let page = 1; page <= MAX_SEARCH_PAGES && found.length < limit; page += 1) {
    const url = new URL('v1/search', search.baseUrl ?? SEARCH_URL);
    url.searchParams.set('q', search.term.replace(/^library\//u, ''));
    url.searchParams.set('n', String(size));
    url.searchParams.set('page', String(page));
    const body = await getJson(http, url, `search Docker Hub for`, search.term, search);
    const results = listOf(body['results']);
    found.push(...results.map(toSearchResult).filter((one) => matchesFilters(one, search.filters)));
    const pages = body['num_pages'];
    if (results.length === 0 || typeof pages !== 'number' || page >= pages) break;
  }
  return found.slice(0, limit);
}

/** A namespace's public repositories, the last updated first, page by page. */
export async function* listHubRepositories(
  http: HttpClient,
  namespace: string,
  options: CallOptions & { readonly baseUrl?: URL | undefined } = {},
): AsyncGenerator<readonly HubRepository[]> {
  for (let page = 1; page <= MAX_LIST_PAGES; page += 1) {
    const path = `v2/namespaces/${encodeURIComponent(namespace)}/repositories`;
    const url = new URL(path, options.baseUrl ?? HUB_URL);
    url.searchParams.set('page', String(page));
    url.searchParams.set('page_size', String(PAGE));
    url.searchParams.set('ordering', '-last_updated');
    const target = `${DOCKER_HUB}/${namespace}`;
    const body = await getJson(http, url, 'list repositories of', target, options);
    const repositories = listOf(body['results']).map((one) => toRepository(one, namespace));
    if (repositories.length > 0) yield repositories;
    if (repositories.length === 0 || typeof body['next'] !== 'string') return;
  }
  throw new AppError(
    'PAGINATION_LOOP',
    `cannot list repositories of ${DOCKER_HUB}/${namespace}: the list does not end`,
  );
}

type Json = Readonly<Record<string, unknown>>;

async function getJson(
  http: HttpClient,
  url: URL,
  action: string,
  target: string,
  options: CallOptions,
): Promise<Json> {
  const headers = { accept: 'application/json' };
  const response = await http({ method: 'GET', url, headers, signal: options.signal });
  if (response.status !== 200) throw await hubError(http, response, action, target);
  const raw = await readBody(response, action, target);
  const body = parseJsonStrict(raw, 'REGISTRY_ERROR', 'answer from Docker Hub');
  return isRecord(body) ? body : {};
}

async function readBody(
  response: HttpResponse,
  action: string,
  target: string,
): Promise<Uint8Array> {
  try {
    return await collect(
      response.body,
      MAX_BYTES,
      () =>
        new AppError('RESPONSE_TOO_LARGE', `cannot ${action} ${target}: the answer is too large`),
    );
  } finally {
    await response.discard();
  }
}

async function hubError(
  http: HttpClient,
  response: HttpResponse,
  action: string,
  target: string,
): Promise<AppError> {
  const deps = {
    request: http,
    endpoint: async () => response.url,
    warn: () => {},
    retries: NO_RETRIES,
  };
  const context = registryContext(deps, DOCKER_HUB, []);
  return errorFromResponse(context, { action, target, kind: 'repository' }, 'GET', response);
}

function matchesFilters(one: HubSearchResult, filters: HubSearch['filters']): boolean {
  const official = filters?.official === undefined || one.official === filters.official;
  return official && (filters?.stars === undefined || one.stars >= filters.stars);
}

function toSearchResult(entry: Json): HubSearchResult {
  return {
    name: text(entry['name']),
    description: text(entry['description']),
    stars: count(entry['star_count']),
    pulls: count(entry['pull_count']),
    official: entry['is_official'] === true,
  };
}

function toRepository(entry: Json, namespace: string): HubRepository {
  const updated = entry['last_updated'];
  return {
    name: text(entry['name']),
    namespace: text(entry['namespace']) || namespace,
    description: text(entry['description']),
    private: entry['is_private'] === true,
    stars: count(entry['star_count']),
    pulls: count(entry['pull_count']),
    lastUpdated: typeof updated === 'string' ? updated : undefined,
  };
}

function listOf(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function count(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}
