import { PAGE, type Json, getJson, listOf, text, count } from './api.ts';
import type { HttpClient } from '../../http/types.ts';
import type { CallOptions } from '../../util/abort.ts';

/** One result of Docker Hub's search. */
export interface HubSearchResult {
  readonly name: string;
  readonly description: string;
  readonly stars: number;
  readonly pulls: number;
  readonly official: boolean;
}

export interface HubSearch extends CallOptions {
  readonly term: string;
  /** Maximum number of results. Default 25. */
  readonly limit?: number | undefined;
  readonly filters?:
    | { readonly official?: boolean | undefined; readonly stars?: number | undefined }
    | undefined;
  /** Default https://index.docker.io/. */
  readonly baseUrl?: URL | undefined;
}

const SEARCH_URL = 'https://index.docker.io/';
const MAX_SEARCH_PAGES = 50;

/** Docker Hub's v1 search, anonymous; it has no filters, so they are applied here. */
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
