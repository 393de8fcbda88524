import type { Context, Hono } from 'hono';
import { referrerTree } from '../artifact/referrers/tree.ts';
import { AppError } from '../errors/app-error.ts';
import { isDigest, type Digest } from '../oci/digest.ts';
import { compareImages as compareContents } from '../image/compare.ts';
import { fetchManifest } from '../store/manifests.ts';
import type { Location } from '../transports/types.ts';
import { compareImages } from './data/compare.ts';
import { readContent } from './data/content.ts';
import { readFiles, type FilesCache } from './data/files.ts';
import { verified } from './data/proofs.ts';
import { readImage, type ImageFacts } from './data/image.ts';
import { sendPage, type UiEnv } from './html.tsx';
import { imageName } from './links.ts';
import { CompareFilesPage } from './pages/compare-files.tsx';
import { ComparePage } from './pages/compare.tsx';
import { ContentPage } from './pages/content.tsx';
import { FilesPage } from './pages/files.tsx';
import { ReferrersPage } from './pages/referrers.tsx';
import {
  countRequests,
  numberOf,
  registryLocation,
  signalOf,
  type PagesOptions,
} from './routes.tsx';

/** Adds the pages about what an image holds: referrers, files, and the difference to another. */
export function addDetailPages(app: Hono<UiEnv>, options: PagesOptions): void {
  const { sources, hostPlatform: host, concurrency, now } = options;
  const filesCache: FilesCache = {};

  app.get('/referrers', async (c) => {
    const location = registryLocation(options, c.req.query('image') ?? '');
    const call = { signal: signalOf(options, c) };
    const child = c.req.query('child');
    const { data, requests } = await countRequests(sources, async () => {
      await using store = await sources.openRead(location, call);
      const root = await store.resolve(location.ref, { ...call, purpose: 'content' });
      const manifest = await fetchManifest(store, root, call);
      const only = child !== undefined && isDigest(child) ? new Set([child]) : undefined;
      const tree = await referrerTree(store, root, manifest, { ...call, concurrency, only });
      return { tree, verified: await verified(sources, location, call) };
    });
    return sendPage(
      c,
      <ReferrersPage
        image={location.text}
        repository={location.name}
        tree={data.tree}
        verified={data.verified}
        now={now()}
        requests={requests}
      />,
    );
  });

  app.get('/content', async (c) => {
    const location = registryLocation(options, c.req.query('repository') ?? '');
    const digest = digestOf(c, 'digest');
    const call = { signal: signalOf(options, c) };
    const { data, requests } = await countRequests(sources, async () => {
      await using store = await sources.openRead(location, call);
      return await readContent(store, digest, numberOf(c, 'layer', 0) ?? 0, call);
    });
    return sendPage(
      c,
      <ContentPage repository={location.name} digest={digest} data={data} requests={requests} />,
    );
  });

  app.get('/files', async (c) => {
    const location = registryLocation(options, c.req.query('image') ?? '');
    const child = c.req.query('child');
    const query = {
      ref: child !== undefined && isDigest(child) ? child : location.ref,
      layer: numberOf(c, 'layer', 0),
      filter: c.req.query('filter') ?? '',
      page: numberOf(c, 'page', 1) ?? 1,
      host,
    };
    const call = { signal: signalOf(options, c) };
    const { data, requests } = await countRequests(sources, async () => {
      await using store = await sources.openRead(location, call);
      return await readFiles(store, query, filesCache, call);
    });
    return sendPage(
      c,
      <FilesPage
        image={location.text}
        repository={location.name}
        child={child}
        query={query}
        data={data}
        requests={requests}
      />,
    );
  });

  app.get('/compare', async (c) => {
    const [first, second] = twoLocations(options, c);
    const call = { signal: signalOf(options, c) };
    const read = async (location: Location): Promise<ImageFacts> => {
      await using store = await sources.openRead(location, call);
      return await readImage(store, { ref: location.ref, child: undefined, host }, call);
    };
    const { data, requests } = await countRequests(sources, () =>
      Promise.all([read(first), read(second)]),
    );
    return sendPage(
      c,
      <ComparePage
        repository={first.name}
        names={[first.text, second.text]}
        images={data}
        data={compareImages(...data)}
        requests={requests}
      />,
    );
  });

  app.get('/compare-files', async (c) => {
    const [first, second] = twoLocations(options, c);
    const call = { signal: signalOf(options, c) };
    const { data, requests } = await countRequests(sources, async () => {
      await using one = await sources.openRead(first, call);
      await using other = await sources.openRead(second, call);
      const sides = [
        { store: one, ref: first.ref },
        { store: other, ref: second.ref },
      ] as const;
      return await compareContents(...sides, { ...call, platform: host });
    });
    return sendPage(
      c,
      <CompareFilesPage
        repository={first.name}
        names={[first.text, second.text]}
        data={data}
        requests={requests}
      />,
    );
  });
}

/**
 * Two tags of a repository, or two names.
 * @throws AppError USAGE for more or fewer, INVALID_REFERENCE
 */
function twoLocations(options: PagesOptions, c: Context): readonly [Location, Location] {
  const repository = c.req.query('repository') ?? '';
  const tags = c.req.queries('tag') ?? [];
  const typed = tags.length > 0 ? tags.map((tag) => imageName(repository, tag)) : namesOf(c);
  const [first, second, ...more] = typed.map((name) => registryLocation(options, name));
  if (first !== undefined && second !== undefined && more.length === 0) return [first, second];
  throw new AppError('USAGE', `two images are compared, not ${typed.length}`, {
    hint: 'Choose two tags of the list.',
  });
}

const namesOf = (c: Context): readonly string[] =>
  [c.req.query('a') ?? '', c.req.query('b') ?? ''].filter((name) => name !== '');

function digestOf(c: Context, name: string): Digest {
  const digest = c.req.query(name) ?? '';
  if (isDigest(digest)) return digest;
  throw new AppError('INVALID_DIGEST', 'the address names no digest');
}
