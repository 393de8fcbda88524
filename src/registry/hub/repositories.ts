import type { HttpClient } from '../../http/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { DOCKER_HUB } from '../../reference/docker-hub.ts';
import { AppError } from '../../errors/app-error.ts';
import { PAGE, getJson, listOf, type Json, text, count } from './api.ts';

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

const HUB_URL = 'https://hub.docker.com/';

const MAX_LIST_PAGES = 1_000;

/** Lists a namespace's public repositories, last updated first, page by page. */
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
