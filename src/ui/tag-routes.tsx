import type { Context, Hono } from 'hono';
import { AppError } from '../errors/app-error.ts';
import { isDigest } from '../oci/digest.ts';
import { isTag } from '../reference/names.ts';
import { countTags } from './data/count.ts';
import { readRow } from './data/tag-rows.ts';
import { listTags, readTagsPage, SORTS, type Sort, type TagsQuery } from './data/tags.ts';
import { readUntagged } from './data/untagged.ts';
import { sendInTwoParts, type UiEnv } from './html.tsx';
import { COPY_LINES, type CopyKind } from './links.ts';
import { Problem, problemOf } from './pages/problem.tsx';
import { countWords } from './pages/repositories.tsx';
import { TagRow } from './pages/tag-row.tsx';
import { TagsPage, TagsResults } from './pages/tags.tsx';
import {
  countRequests,
  isMetered,
  numberOf,
  readerOf,
  registryLocation,
  signalOf,
  type PagesOptions,
} from './routes.tsx';

/** Adds the list of tags and the fragment of one row. */
export function addTagPages(app: Hono<UiEnv>, options: PagesOptions): void {
  const { sources, visits, now, allowDelete } = options;

  app.get('/tags', async (c) => {
    const location = registryLocation(options, c.req.query('repository') ?? '');
    const repository = location.name;
    const query = queryOf(c);
    const copy = copyOf(c);
    const call = { signal: signalOf(options, c) };
    // What prevents listing decides the status, so it is read before the first byte.
    const listed = await countRequests(sources, async () => {
      await using store = await sources.openRead(location, call);
      const list = await listTags(store, call);
      visits.remember(repository, store);
      return list;
    });
    const list = listed.data;
    const readPage = async (): Promise<Awaited<ReturnType<typeof readTagsPage>>> => {
      await using store = await sources.openRead(location, call);
      const reader = readerOf(options, store, location, c);
      const data = await (query.untagged ? readUntagged : readTagsPage)(reader, list, query);
      visits.remember(repository, store);
      visits.rememberTags(repository, data.rows);
      return data;
    };
    const shown = { repository, query, list, copy, now: now(), isMetered: isMetered(location) };
    return sendInTwoParts(
      c,
      (rest, requests: number | undefined) => (
        <TagsPage repository={repository} query={query} list={list} copy={copy} requests={requests}>
          {rest}
        </TagsPage>
      ),
      async () => {
        const before = sources.requestCount() - listed.requests;
        const rest = await readPage().then(
          (data) => (
            <TagsResults
              {...shown}
              data={data}
              pullsLeft={visits.pullsLeft(repository.split('/')[0] ?? '')}
              platform={options.hostPlatform}
              allowDelete={allowDelete}
            />
          ),
          // Nobody reads the rest after the browser has left.
          (error: unknown) =>
            call.signal.aborted ? <></> : <Problem error={problemOf(error, options)} />,
        );
        return { rest, read: sources.requestCount() - before };
      },
    );
  });

  app.get('/count', async (c) => {
    const location = registryLocation(options, c.req.query('repository') ?? '');
    await using store = await sources.openRead(location, { signal: signalOf(options, c) });
    return c.text(countWords(await countTags(readerOf(options, store, location, c)), now()));
  });

  app.get('/row', async (c) => {
    const location = registryLocation(options, c.req.query('repository') ?? '');
    const digest = c.req.query('digest');
    const tags = (c.req.queries('tag') ?? []).filter(isTag);
    if (
      (digest !== undefined && !isDigest(digest)) ||
      (digest === undefined && tags.length === 0)
    ) {
      throw new AppError('USAGE', 'the row has no digest or no tag');
    }
    await using store = await sources.openRead(location, { signal: signalOf(options, c) });
    const row = await readRow(readerOf(options, store, location, c), digest, tags);
    return await c.html(
      <TagRow
        repository={location.name}
        row={{ ...row, attached: c.req.queries('attached') ?? row.attached }}
        largest={row.facts?.size ?? 1}
        now={now()}
        fills={false}
        copy={copyOf(c)}
      />,
    );
  });
}

function queryOf(c: Context): TagsQuery {
  const isOn = (name: string): boolean => c.req.query(name) === '1';
  return {
    filter: c.req.query('filter') ?? '',
    sort: sortOf(c.req.query('sort')),
    page: numberOf(c, 'page', 1) ?? 1,
    digestTags: isOn('digest-tags'),
    all: isOn('all'),
    details: isOn('details'),
    untagged: isOn('untagged'),
  };
}

function copyOf(c: Context): CopyKind {
  const kind = c.req.query('copy') ?? '';
  return Object.hasOwn(COPY_LINES, kind) ? (kind as CopyKind) : 'docker';
}

function sortOf(text: string | undefined): Sort {
  return SORTS.find((one) => one === text) ?? 'version';
}
