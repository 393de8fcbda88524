import { AppError } from '../../errors/app-error.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { UiSources } from '../types.ts';
import { compareNames } from '../../tags/order.ts';
import { nameMatcher } from './filter.ts';

export const REPOSITORIES_PER_PAGE = 50;
const MAX_NAMES = 200_000;

export interface RepositoriesPage {
  /** Why there is no list; then the names are those that were opened before. */
  readonly noCatalog: AppError | undefined;
  readonly total: number;
  readonly matching: number;
  readonly names: readonly string[];
  /** First parts of the matching names, with how many begin so; only if there are several. */
  readonly namespaces: readonly { readonly name: string; readonly count: number }[];
  readonly page: number;
  readonly pages: number;
}

export const REPOSITORY_SORTS = ['name', 'opened'] as const;
export type RepositorySort = (typeof REPOSITORY_SORTS)[number];

export interface RepositoriesQuery {
  readonly registry: string;
  readonly filter: string;
  /** `opened`: those that were opened come first, the last one at the top. */
  readonly sort: RepositorySort;
  /** From 1. */
  readonly page: number;
}

export async function readRepositories(
  sources: UiSources,
  { registry, filter, sort, page }: RepositoriesQuery,
  seen: readonly string[],
  options: CallOptions,
): Promise<RepositoriesPage> {
  const { names, noCatalog } = await namesOf(sources, registry, seen, options);
  const byName = names.filter(nameMatcher(filter)).toSorted(compareNames);
  const matching = sort === 'name' ? byName : openedFirst(byName, registry, seen);
  const start = (page - 1) * REPOSITORIES_PER_PAGE;
  return {
    noCatalog,
    total: names.length,
    matching: matching.length,
    names: matching.slice(start, start + REPOSITORIES_PER_PAGE),
    namespaces: namespacesOf(matching),
    page,
    pages: Math.max(1, Math.ceil(matching.length / REPOSITORIES_PER_PAGE)),
  };
}

/** Answers that mean that this login gets no list, although it may read repositories. */
const NO_LIST: ReadonlySet<string> = new Set(['UNSUPPORTED', 'UNAUTHORIZED', 'FORBIDDEN']);

async function namesOf(
  sources: UiSources,
  registry: string,
  seen: readonly string[],
  options: CallOptions,
): Promise<{ readonly names: readonly string[]; readonly noCatalog: AppError | undefined }> {
  const names = new Set<string>();
  try {
    for await (const listed of sources.catalog(registry, options)) {
      for (const name of listed) names.add(name);
      if (names.size >= MAX_NAMES) break;
    }
    return { names: [...names], noCatalog: undefined };
  } catch (error) {
    if (!(error instanceof AppError) || !NO_LIST.has(error.code)) throw error;
    const start = `${registry}/`;
    const known = seen.filter((name) => name.startsWith(start));
    return { names: known.map((name) => name.slice(start.length)), noCatalog: error };
  }
}

function openedFirst(
  names: readonly string[],
  registry: string,
  seen: readonly string[],
): readonly string[] {
  const rank = new Map(seen.map((name, i) => [name, i]));
  const rankOf = (name: string): number => rank.get(`${registry}/${name}`) ?? seen.length;
  return names.toSorted((a, b) => rankOf(a) - rankOf(b));
}

const MAX_NAMESPACES = 100;

function namespacesOf(names: readonly string[]): RepositoriesPage['namespaces'] {
  const counts = new Map<string, number>();
  for (const name of names) {
    const at = name.indexOf('/');
    if (at < 0) continue;
    const namespace = name.slice(0, at + 1);
    counts.set(namespace, (counts.get(namespace) ?? 0) + 1);
  }
  if (counts.size < 2) return [];
  return [...counts].slice(0, MAX_NAMESPACES).map(([name, count]) => ({ name, count }));
}
