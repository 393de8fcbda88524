import { describe, expect, it, vi } from 'vitest';
import { createMemoryStore } from '../../src/store/memory.ts';
import { AppError } from '../../src/errors/app-error.ts';
import { makeImage, makeIndex } from '../helpers/images.ts';
import { startPages, withCapabilities } from './browser.ts';

/** A list whose first page is this. */
const listOf = (next: () => Promise<never>): AsyncIterable<never> => ({
  [Symbol.asyncIterator]: () => ({ next }),
});

const TAGS = '/tags?repository=reg.example/app';

describe('repositories', () => {
  it('are listed by pages, filtered by text or pattern, and grouped', async () => {
    const names = Array.from({ length: 120 }, (_, i) => `team/app-${String(i).padStart(3, '0')}`);
    await using own = await startPages();
    await using pages = await startPages({
      sources: {
        ...own.sources,
        async *catalog() {
          yield [...names, 'infra/nginx'];
        },
      },
    });
    const first = await pages.get('/repositories?registry=reg.example');
    expect(first.text).toContain('121 of 121 repositories');
    expect(first.text).toContain('Page 1 of 3');
    expect(first.text).toContain('infra/ 1 team/ 120');
    expect(first.html).toContain('href="/tags?repository=reg.example%2Finfra%2Fnginx"');
    const last = await pages.get('/repositories?registry=reg.example&page=3');
    expect(last.text).toContain('team/app-119');
    const some = await pages.get('/repositories?registry=reg.example&filter=*-00?');
    expect(some.text).toContain('0 of 121');
    expect((await pages.get('/repositories?registry=reg.example&filter=team*-00*')).text).toContain(
      '10 of 121 repositories',
    );
  });

  it('without a catalog are those that were opened before', async () => {
    await using own = await startPages();
    await using pages = await startPages({
      sources: {
        ...own.sources,
        openRead: async () => createMemoryStore('reg.example/team/known'),
        catalog: () =>
          listOf(async () => {
            throw new AppError('UNSUPPORTED', 'reg.example does not list', { hint: 'Type one.' });
          }),
      },
    });
    await pages.get('/tags?repository=reg.example/team/known');
    const page = await pages.get('/repositories?registry=reg.example');
    expect(page.status).toBe(200);
    expect(page.text).toContain('reg.example does not list Type one.');
    expect(page.text).toContain('team/known');
  });
});

describe('the number of tags', () => {
  it('of a repository takes one request, and a long list is not read to its end', async () => {
    await using pages = await startPages();
    await pages.push('app', ['a', 'b', 'c'], await makeImage());
    pages.requests();
    const path = '/count?repository=reg.example/app';
    expect((await pages.get(path)).text).toBe('3 tags');
    expect(pages.requests()).toEqual(['GET /v2/app/tags/list']);
    const list = await pages.get('/repositories?registry=reg.example');
    expect(list.html).toContain('data-count="/count?repository=reg.example%2Fapp"');
    expect((await pages.get('/count?repository=reg.example/none')).status).toBe(404);

    const more = vi.fn(async () => undefined);
    const first = Array.from({ length: 1_000 }, (_, i) => `v${i}`);
    await using long = await startPages({
      sources: withCapabilities(pages.sources, {
        tags: {
          async *tags() {
            yield first;
            await more();
          },
        },
      }),
    });
    expect((await long.get(path)).text).toBe('1000 or more tags');
    expect(more).not.toHaveBeenCalled();
  });
});

describe('tags', () => {
  it('of one digest share a row, with the facts of the manifest, in one request each', async () => {
    await using pages = await startPages();
    await pages.push('app', ['1.27', 'latest', '1'], await makeIndex());
    await pages.push('app', ['1.26'], await makeImage());
    const page = await pages.get(TAGS);
    expect(page.text).toContain('4 of 4 tags, 4 of 4 read');
    expect(page.text).toContain('* of linux/amd64, if there are several platforms');
    expect(page.html.match(/<tr data-fill/gu)).toHaveLength(2);
    expect(page.text).toContain('1.27 1 latest');
    expect(page.html).toContain('data-copy="docker pull reg.example/app:1.27"');
    expect(page.text).toContain('amd64 arm64 arm/v7');
    expect(page.text).toContain('This page took 5 requests');
    expect(pages.requests()).toHaveLength(5);
    // The page of the image knows them, too, without a request.
    const image = '/image?image=reg.example/app:1.27';
    expect((await pages.get(image)).text).toContain(
      'Tags when they were listed: 1.27 , 1 , latest',
    );
    const podman = await pages.get(`${TAGS}&copy=podman`);
    expect(podman.html).toContain('data-copy="podman pull reg.example/app:1.27"');
  });

  it('are sorted by version, and 20 rows take 21 requests', async () => {
    await using pages = await startPages();
    const image = await makeImage({ layers: 1 });
    const tags = Array.from({ length: 45 }, (_, i) => `v1.${i}`);
    await pages.push('app', tags, image);
    pages.requests();
    const page = await pages.get(TAGS);
    expect(pages.requests()).toHaveLength(21);
    expect(page.text.indexOf('v1.44')).toBeLessThan(page.text.indexOf('v1.43'));
    expect(page.text).toContain('Page 1 of 3');
    expect((await pages.get(`${TAGS}&page=9`)).text).toContain('Page 3 of 3');
    // Read in full, all are one image.
    const all = await pages.get(`${TAGS}&all=1`);
    expect(all.html.match(/<tr data-fill/gu)).toHaveLength(1);
    expect(all.text).toContain('45 of 45 read');
  });

  it('of a list that takes many requests are left to script, and 21 requests are enough', async () => {
    await using own = await startPages();
    const tags = Array.from({ length: 20 }, (_, i) => `v1.${i}`);
    await own.push('app', tags, await makeImage());
    let lists = 0;
    await using pages = await startPages({
      sources: withCapabilities(own.sources, {
        tags: {
          async *tags() {
            for (lists = 0; lists < 5; lists += 1) yield [`v0.${lists}`, ...tags];
          },
        },
      }),
    });
    own.requests();
    const page = await pages.get(TAGS);
    expect(lists + own.requests().length).toBe(21);
    expect(page.text).toContain('so 4 rows were not read');
    expect(page.html.match(/<tr data-fill/gu)).toHaveLength(5);
    const path = /data-fill="([^"]*tag=v1\.0)"/u.exec(page.html)?.[1]?.replaceAll('&amp;', '&');
    expect((await pages.get(path ?? '')).text).toMatch(/^v1\.0 Copy 4 weeks ago/u);
    const all = await pages.get(`${TAGS}&details=1`);
    expect(all.text).not.toContain('rows were not read');
  });

  it('with dates and sizes, by the newest', async () => {
    await using pages = await startPages();
    await pages.push('app', ['a'], await makeImage({ created: '2026-01-30T00:00:00.5Z' }));
    await pages.push('app', ['b'], await makeImage({ created: '2026-01-20T00:00:00.5Z' }));
    await pages.push('app', ['c'], await makeImage({ created: '1970-01-01T00:00:00Z' }));
    const page = await pages.get(`${TAGS}&sort=created`);
    expect(page.text).toMatch(/ a Copy 47 hours ago .* b Copy 11 days ago .* c Copy – /u);
    expect(page.html).not.toContain('data-fill');
  });

  it('a row is filled in by the same markup', async () => {
    await using pages = await startPages();
    await pages.push('app', ['1', 'one'], await makeIndex());
    const page = await pages.get(TAGS);
    const path = /data-fill="([^"]*)"/u.exec(page.html)?.[1]?.replaceAll('&amp;', '&') ?? '';
    const row = await pages.get(path);
    expect(row.html).toMatch(/^<tr>.*<\/tr>$/su);
    expect(row.text).toMatch(/^1 one Copy 4 weeks ago 1\.\d+ kB amd64 arm64 arm\/v7/u);
  });

  it('hide digest tags, and show what they hold', async () => {
    await using pages = await startPages();
    const image = await makeImage();
    await pages.push('app', ['1'], image);
    const digestTag = `${image.root.digest.replace(':', '-')}.sig`;
    await pages.push('app', [digestTag], await makeImage());
    const page = await pages.get(TAGS);
    expect(page.text).toContain('Digest tags (1)');
    expect(page.text).toContain('signature');
    expect(page.html).not.toContain(`>${digestTag}<`);
    expect((await pages.get(`${TAGS}&digest-tags=1`)).html).toContain(`>${digestTag}<`);
  });

  it('of Docker Hub are asked for by HEAD, which is no pull', async () => {
    await using pages = await startPages();
    await pages.push('library/app', ['1'], await makeImage());
    pages.requests();
    const page = await pages.get('/tags?repository=app');
    expect(pages.requests()).toEqual([
      'GET /v2/library/app/tags/list',
      'HEAD /v2/library/app/manifests/1',
    ]);
    expect(page.text).toContain('Docker Hub counts reading an image as a pull');
    expect(page.html).not.toContain('data-fill');
    // Neither does an order that only reading every image gives.
    const sorted = await pages.get('/tags?repository=app&sort=created');
    expect(pages.requests()).toHaveLength(2);
    expect(sorted.text).toContain('The rows are sorted by version');
    const details = await pages.get('/tags?repository=app&details=1');
    expect(details.text).toContain('4 weeks ago');
    const image = await pages.get('/image?image=app:1');
    expect(image.text).toContain('Docker Hub counted this page as 1 pull.');
  });
});

describe('an image', () => {
  it('shows platforms, layers with their steps, configuration and lines to copy', async () => {
    await using pages = await startPages();
    const index = await makeIndex({ layers: 2 });
    await pages.push('app', ['1'], index);
    pages.requests();
    const page = await pages.get('/image?image=reg.example/app:1');
    expect(pages.requests()).toHaveLength(3);
    expect(page.text).toContain(`Digest of the index ${index.root.digest}`);
    expect(page.text).toContain(`Type ${index.root.mediaType}`);
    expect(page.text).toContain('docker pull reg.example/app:1');
    expect(page.text).toContain(`docker pull reg.example/app@${index.root.digest}`);
    expect(page.text).toMatch(/Platforms \(3\).*linux\/amd64.*linux\/arm64.*linux\/arm\/v7/u);
    expect(page.text).toMatch(/Layers \(2\).*ADD file-0.*ADD file-1/u);
    expect(page.text).toMatch(/Environment PATH \/bin/u);
    const [, arm] = [...index.nodes.values()].filter(({ descriptor }) =>
      descriptor.mediaType.includes('manifest'),
    );
    const other = await pages.get(`/image?image=reg.example/app:1&child=${arm?.descriptor.digest}`);
    expect(other.text).toContain('Platform linux/arm64');
  });

  it('is shown although the child for this machine is gone', async () => {
    await using pages = await startPages();
    const index = await makeIndex();
    await pages.push('app', ['1'], index);
    const store = await pages.sources.openRead(pages.sources.locate('reg.example/app'));
    const [child] = [...index.nodes.values()].filter(({ descriptor }) =>
      descriptor.mediaType.includes('manifest'),
    );
    if (child === undefined) throw new Error('no child');
    await store.capabilities.remove?.removeManifest(child.descriptor.digest);
    const page = await pages.get('/image?image=reg.example/app:1');
    expect(page.status).toBe(200);
    expect(page.text).toContain('its index lists it for linux/amd64');
    expect(page.text).toContain('linux/arm64');
  });

  it('from a hostile registry is text, whatever its names and labels hold', async () => {
    await using pages = await startPages();
    const evil = '<script>alert(1)</script>\u001b[31m\u202e"onload=x';
    const labels = { [evil]: evil, url: 'javascript:alert(1)', site: 'https://example.com/a?b=c' };
    await pages.push('app', ['1'], await makeImage({ labels }));
    const page = await pages.get('/image?image=reg.example/app:1');
    expect(page.html).not.toMatch(/<script>|[\u001b\u202e]/u);
    expect(page.html).toContain(
      '&lt;script&gt;alert(1)&lt;/script&gt;\\x1b[31m\\u202e&quot;onload=x',
    );
    expect(page.html).not.toMatch(/href="(?!\/|https:\/\/example\.com|#)/u);
    expect(page.html).toContain('href="https://example.com/a?b=c"');
    // Neither inline script nor inline style, which the policy would block.
    expect(page.html).not.toMatch(/\son\w+=|\sstyle=/u);
  });
});

describe('an address', () => {
  it.each([
    ['ghcr.io', '/repositories?registry=ghcr.io'],
    ['https://ghcr.io/', '/repositories?registry=ghcr.io'],
    ['localhost:5000', '/repositories?registry=localhost%3A5000'],
    ['127.0.0.1:5000', '/repositories?registry=127.0.0.1%3A5000'],
    ['registry:5000/', '/repositories?registry=registry%3A5000'],
    ['registry:3', '/image?image=docker.io%2Flibrary%2Fregistry%3A3'],
    ['reg.example/team/', '/repositories?registry=reg.example&filter=team%2F*'],
    ['busybox', '/tags?repository=docker.io%2Flibrary%2Fbusybox'],
    ['busybox:1.36', '/image?image=docker.io%2Flibrary%2Fbusybox%3A1.36'],
    ['docker://reg.example/app:1', '/image?image=reg.example%2Fapp%3A1'],
  ])('%s opens %s', async (name, path) => {
    await using pages = await startPages();
    const answer = await pages.get(`/open?name=${encodeURIComponent(name)}`);
    expect([answer.status, answer.headers.get('location')]).toEqual([303, path]);
  });

  it.each([
    ['/image?image=reg.example/app:none', 404, 'app:none'],
    ['/tags?repository=reg.example/none', 404, 'none'],
    ['/image?image=oci:/etc', 400, 'is not in a registry'],
    ['/tags?repository=', 400, ''],
    ['/tags?repository=UPPER', 400, 'UPPER'],
    ['/row?repository=reg.example/app&digest=x', 400, 'no digest'],
    ['/row?repository=reg.example/app', 400, 'no tag'],
    ['/nope', 404, 'there is no such page'],
  ])('%s is %i', async (path, status, words) => {
    await using pages = await startPages();
    const answer = await pages.get(path);
    expect(answer.status).toBe(status);
    expect(answer.text).toContain(words);
    expect(pages.bugs).toEqual([]);
  });
});

it('a page whose browser left is no bug', async () => {
  const leaving = new AbortController();
  await using own = await startPages();
  await using pages = await startPages({
    sources: {
      ...own.sources,
      catalog: (_registry, call) =>
        listOf(async () => {
          leaving.abort();
          call?.signal?.throwIfAborted();
          throw new Error('the signal does not reach the registry');
        }),
    },
  });
  const answer = await pages.get('/repositories?registry=reg.example', {}, leaving.signal);
  expect(answer.status).toBe(503);
  expect(pages.bugs).toEqual([]);
});

it('a list of tags whose browser left while its rows were read is no bug', async () => {
  const leaving = new AbortController();
  await using own = await startPages();
  await own.push('app', ['1'], await makeImage());
  own.requests();
  await using pages = await startPages({
    sources: {
      ...own.sources,
      async openRead(location, call) {
        if (own.requests().length > 0) leaving.abort();
        call?.signal?.throwIfAborted();
        return own.sources.openRead(location, call);
      },
    },
  });
  const answer = await pages.get(TAGS, {}, leaving.signal);
  expect([answer.status, leaving.signal.aborted]).toEqual([200, true]);
  expect(pages.bugs).toEqual([]);
});

describe('around every page', () => {
  it('the registries with a login or an opened repository can be switched to', async () => {
    await using pages = await startPages();
    await pages.push('app', ['a'], await makeImage());
    await pages.get(TAGS);
    const page = await pages.get('/registries');
    expect(page.text).toContain('reg.example, signed in Go');
    expect(page.html).toContain('<option value="reg.example/">');
    expect((await pages.get('/open?name=reg.example/')).headers.get('location')).toBe(
      '/repositories?registry=reg.example',
    );
    // Nobody without a login learns them.
    const stranger = await pages.get('/assets/none', { cookie: '' });
    expect([stranger.status, stranger.text.includes('signed in')]).toEqual([404, false]);
  });

  it('the colors are those of the system, until one is chosen for this browser', async () => {
    await using pages = await startPages();
    const before = await pages.get('/registries');
    expect(before.html).toContain('<html lang="en">');
    const chosen = await pages.get('/theme?to=dark&back=/registries');
    expect([chosen.status, chosen.headers.get('location')]).toEqual([303, '/registries']);
    const set = chosen.headers.get('set-cookie') ?? '';
    expect(set).toMatch(/-theme=dark; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Strict$/u);
    const cookie = `${pages.cookie}; ${set.split(';')[0]}`;
    const dark = await pages.get('/registries', { cookie });
    expect(dark.html).toContain('<html lang="en" data-theme="dark">');
    expect(dark.html).toContain('value="system" aria-pressed="true" aria-label="dark colors"');
    const reset = await pages.get('/theme?to=system&back=/registries', { cookie });
    expect(reset.headers.get('set-cookie')).toContain('Max-Age=0');
  });

  it.each(['https://evil.example/x', '//evil.example/x', '/\\evil.example/x'])(
    'choosing colors never leads to another host (%s)',
    async (back) => {
      await using pages = await startPages();
      const to = await pages.get(`/theme?to=dark&back=${encodeURIComponent(back)}`);
      expect(to.headers.get('location')).toMatch(/^\/[^/\\]/u);
    },
  );

  it('the pulls that a registry has left are shown, without a request for them', async () => {
    await using own = await startPages();
    await own.push('app', ['a'], await makeImage());
    await using pages = await startPages({
      sources: withCapabilities(own.sources, {
        pullAllowance: {
          last: () => ({ remaining: 76, windowSeconds: 21_600, resetSeconds: undefined }),
        },
      }),
    });
    own.requests();
    expect((await pages.get(TAGS)).text).toContain('76 pulls left');
    expect(own.requests()).toHaveLength(2);
    expect((await pages.get('/registries')).text).not.toContain('pulls left');
  });
});

describe('what has no tag', () => {
  it('is listed without children of indexes, and leads to its page', async () => {
    await using pages = await startPages();
    const lost = await makeImage({ labels: { lost: 'yes' } });
    await pages.push('app', ['1.27'], await makeIndex());
    await pages.push('app', [lost.root.digest], lost);
    const page = await pages.get(`${TAGS}&untagged=1`);
    expect(page.text).toContain('1 manifest without a tag');
    expect(page.html.match(/<tr/gu)).toHaveLength(2);
    const path = /href="(\/image[^"]*)">no tag/u.exec(page.html)?.[1]?.replaceAll('&amp;', '&');
    expect((await pages.get(path ?? '')).text).toContain(lost.root.digest);
    expect((await pages.get(`${TAGS}&untagged=1&filter=nothing`)).text).toContain('0 manifests');
  });

  it('is not listed where the registry has no such list, which is said', async () => {
    await using own = await startPages();
    await own.push('app', ['a'], await makeImage());
    await using pages = await startPages({
      sources: withCapabilities(own.sources, {
        inventory: {
          manifests: () =>
            listOf(async () => {
              throw new AppError('UNSUPPORTED', 'cannot list the manifests of reg.example/app');
            }),
        },
      }),
    });
    expect((await pages.get(`${TAGS}&untagged=1`)).text).toContain('cannot list the manifests of');
  });
});
