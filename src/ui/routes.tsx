import type { Context, Hono } from 'hono';
import { AppError } from '../errors/app-error.ts';
import { sanitize } from '../errors/sanitize.ts';
import { DOCKER_HUB } from '../reference/docker-hub.ts';
import { isTag, parseRegistry } from '../reference/names.ts';
import type { Location } from '../transports/types.ts';
import type { CallOptions } from '../util/abort.ts';
import type { FactsCache } from './data/facts.ts';
import { readImage } from './data/image.ts';
import { readSharedLayers } from './data/shared-layers.ts';
import type { TagsReader } from './data/tag-rows.ts';
import type { ReadStore } from '../store/types.ts';
import { configPlatform } from '../image/config.ts';
import { readRepositories, REPOSITORY_SORTS } from './data/repositories.ts';
import type { Visits } from './data/visits.ts';
import { sendPage, type UiEnv } from './html.tsx';
import { HOME, imagePath, repositoriesPath, tagsPath } from './links.ts';
import { ImagePage } from './pages/image.tsx';
import { RegistriesPage, RepositoriesPage } from './pages/repositories.tsx';
import type { UiOptions, UiSources } from './types.ts';

export interface PagesOptions extends UiOptions {
  readonly signal?: AbortSignal | undefined;
  readonly visits: Visits;
  readonly cache: FactsCache;
}

/** Ends what a page reads when its browser leaves or the program stops. */
export function signalOf({ signal }: Pick<PagesOptions, 'signal'>, c: Context): AbortSignal {
  return signal ? AbortSignal.any([signal, c.req.raw.signal]) : c.req.raw.signal;
}

/** Requests of pages that are read at the same time count for each of them. */
export async function countRequests<T>(
  sources: Pick<UiSources, 'requestCount'>,
  read: () => Promise<T>,
): Promise<{ readonly data: T; readonly requests: number }> {
  const before = sources.requestCount();
  const data = await read();
  return { data, requests: sources.requestCount() - before };
}

/** Adds the pages that only read. */
export function addPages(app: Hono<UiEnv>, options: PagesOptions): void {
  const { sources, hostPlatform, now, visits } = options;
  const call = (c: Context): CallOptions => ({ signal: signalOf(options, c) });
  const counted = <T,>(read: () => Promise<T>): ReturnType<typeof countRequests<T>> =>
    countRequests(sources, read);

  app.get('/', (c) => c.redirect(options.start ?? HOME, 303));

  app.get(HOME, async (c) =>
    sendPage(c, <RegistriesPage logins={await sources.logins(call(c))} seen={visits.seen()} />),
  );

  app.get('/open', (c) => c.redirect(pathOf(options, c.req.query('name') ?? ''), 303));

  app.get('/repositories', async (c) => {
    const query = {
      registry: parseRegistry(c.req.query('registry') ?? ''),
      filter: c.req.query('filter') ?? '',
      sort: REPOSITORY_SORTS.find((one) => one === c.req.query('sort')) ?? ('name' as const),
      page: numberOf(c, 'page', 1) ?? 1,
    };
    const { data, requests } = await counted(() =>
      readRepositories(sources, query, visits.seen(), call(c)),
    );
    return sendPage(c, <RepositoriesPage query={query} data={data} requests={requests} />);
  });

  app.get('/image', async (c) => {
    const location = registryLocation(options, c.req.query('image') ?? '');
    const tag = location.ref !== undefined && isTag(location.ref) ? location.ref : undefined;
    const sharedWanted = c.req.query('shared') === '1';
    const { data, requests } = await counted(async () => {
      await using store = await sources.openRead(location, call(c));
      const query = { ref: location.ref, child: c.req.query('child'), host: hostPlatform };
      const image = await readImage(store, query, call(c));
      visits.remember(location.name, store);
      if (tag !== undefined) visits.rememberTag(location.name, tag, image.root.digest);
      const platform = image.config && configPlatform(image.config);
      const shared =
        sharedWanted && platform !== undefined
          ? await readSharedLayers(readerOf(options, store, location, c), {
              root: image.root.digest,
              platform,
            })
          : undefined;
      return { image, shared };
    });
    return sendPage(
      c,
      <ImagePage
        image={location.text}
        repository={location.name}
        data={data.image}
        shared={data.shared}
        history={tag === undefined ? [] : visits.historyOf(location.name, tag)}
        tags={visits.tagsOf(location.name, data.image.root.digest)}
        now={now()}
        requests={requests}
        allowDelete={options.allowDelete}
        isMetered={isMetered(location)}
      />,
    );
  });
}

/** Reads a repository with what the pages know about it. */
export function readerOf(
  options: PagesOptions,
  store: ReadStore,
  location: Location,
  c: Context,
): TagsReader {
  const { cache, hostPlatform, concurrency } = options;
  return {
    store,
    cache,
    host: hostPlatform,
    concurrency,
    isMetered: isMetered(location),
    signal: signalOf(options, c),
  };
}

/** Whether its registry counts reading a manifest as a pull. */
export const isMetered = ({ name }: Location): boolean => name.startsWith(`${DOCKER_HUB}/`);

/** @throws AppError INVALID_REFERENCE, USAGE for what is not in a registry */
export function registryLocation({ sources }: Pick<UiOptions, 'sources'>, text: string): Location {
  const location = sources.locate(text);
  if (location.scheme === 'docker') return location;
  throw new AppError('USAGE', `"${sanitize(text)}" is not in a registry`, {
    hint: 'These pages show registries. For directories and archives, use regctl inspect.',
  });
}

/**
 * The page of whatever a user types: a registry, a repository or an image.
 * @throws AppError INVALID_REFERENCE, USAGE
 */
export function pathOf(options: Pick<UiOptions, 'sources'>, typed: string): string {
  const text = typed.trim().replace(/^(?:https?|docker):\/\//iu, '');
  if (isRegistry(text)) return repositoriesPath(parseRegistry(text));
  const [registry = '', namespace = ''] = text.split(/\/(.*)/su);
  if (namespace.endsWith('/') && registry.includes('.')) {
    return repositoriesPath(parseRegistry(registry), { filter: `${namespace}*` });
  }
  const location = registryLocation(options, text);
  return location.ref === undefined ? tagsPath(location.name) : imagePath(location.text);
}

/** Reads what has no path as Docker does: "registry:5000" is an image, "registry:5000/" is not. */
function isRegistry(text: string): boolean {
  if (!/^[^/@]+\/?$/u.test(text)) return false;
  return text.endsWith('/') || /^(?:\[.*\]|[^:]*\.[^:]*|localhost)(?::\d+)?$/iu.test(text);
}

/** A whole number of the address from `min`, if it is one. */
export function numberOf(c: Context, name: string, min: number): number | undefined {
  const text = c.req.query(name) ?? '';
  const number = Number(text);
  return text !== '' && Number.isSafeInteger(number) && number >= min ? number : undefined;
}
