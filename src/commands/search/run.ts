import { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';
import { DOCKER_HUB } from '../../reference/docker-hub.ts';
import { searchHub, type HubSearch, type HubSearchResult } from '../../registry/hub/search.ts';
import type { CallOptions } from '../../util/abort.ts';
import { readArgument, readFlag, readCount, readList } from '../input/read.ts';
import { renderTable } from '../output/table.ts';
import { baseUrlOf } from '../input/testing-url.ts';
import { truncate } from '../output/width.ts';
import type { Context } from '../context.ts';
import type { Result, Style } from '../result.ts';
import type { Input } from '../types.ts';

type SearchContext = Pick<Context, 'env' | 'http' | 'registries'>;

const DEFAULT_LIMIT = 25;

/** Width of a truncated description in columns, as in `docker search`. */
const DESCRIPTION_COLUMNS = 45;

/** Searches Docker Hub. */
export async function run(
  context: SearchContext,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const term = readArgument(input, 0, 'TERM');
  const limit = readCount(input, 'limit', '--limit') ?? DEFAULT_LIMIT;
  const filters = parseFilters(readList(input, 'filter'));
  const baseUrl = baseUrlOf(context, 'REGCTL_HUB_SEARCH_URL');
  // Called only to apply a block: the search has no mirrors.
  context.registries().route({ registry: DOCKER_HUB, repository: '' });
  const http = await context.http('single');
  const found = await searchHub(http, { ...options, term, limit, filters, baseUrl });
  const noTrunc = readFlag(input, 'noTrunc');
  return {
    kind: 'value',
    json: found.map((one) => ({
      Name: one.name,
      Description: one.description,
      Stars: one.stars,
      Pulls: one.pulls,
      Official: one.official,
    })),
    text: (style) => page(found, noTrunc, style),
  };
}

/** @throws AppError USAGE */
function parseFilters(texts: readonly string[]): NonNullable<HubSearch['filters']> {
  const filters: { official?: boolean; stars?: number } = {};
  for (const text of texts) {
    const [key, value = ''] = text.split('=', 2);
    if (key === 'is-official' && /^(?:true|false)$/iu.test(value)) {
      filters.official = value.toLowerCase() === 'true';
    } else if (key === 'stars' && /^\d{1,9}$/u.test(value)) {
      filters.stars = Math.max(filters.stars ?? 0, Number(value));
    } else {
      throw new AppError('USAGE', `--filter takes is-official=BOOL or stars=N, not "${text}"`, {
        hint: 'Use is-official=true, is-official=false or stars=N.',
      });
    }
  }
  return filters;
}

function page(found: readonly HubSearchResult[], noTrunc: boolean, style: Style): string {
  const rows = found.map((one) => {
    const description = sanitize(one.description.replaceAll(/\s+/gu, ' ').trim());
    return [
      sanitize(one.name),
      noTrunc ? description : truncate(description, DESCRIPTION_COLUMNS),
      String(one.stars),
      one.official ? '[OK]' : '',
    ];
  });
  const columns = [
    { title: 'NAME' },
    { title: 'DESCRIPTION', shrink: !noTrunc },
    { title: 'STARS', align: 'right' as const },
    { title: 'OFFICIAL' },
  ];
  return renderTable(columns, rows, style);
}
