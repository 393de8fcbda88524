import { writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/oci/digest.ts';
import type { RepositoryName } from '../../../src/server/names.ts';
import { diskPaths } from '../../../src/server/storage/disk-paths.ts';
import { makeImage, makeIndex, pushImage, type TestImage } from '../../helpers/images.ts';
import { tempDir, type TempDir } from '../../helpers/temp.ts';
import { serving } from '../../commands/serve/serving.ts';
import { reaching } from './cache.ts';
import { down, limited, startHub, UNCOUNTED, type Hub } from './hub.ts';
import { eventually } from '../../helpers/until.ts';

let dir: TempDir;
let hub: Hub;
let client: Awaited<ReturnType<typeof reaching>>;
let clock: number;
beforeEach(async () => {
  dir = await tempDir();
  hub = await startHub();
  client = await reaching(dir.path);
  clock = 0;
});
afterEach(async () => {
  await client[Symbol.asyncDispose]();
  await hub[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

const now = () => new Date(Date.now() + clock);
const MINUTE = 60_000;

type Body = Parameters<typeof serving>[2];
const proxying = (options: object, body: Body) =>
  serving({ proxy: hub.origin, ...options }, { cwd: dir.path, now, ...client }, body);

const fill = (image: TestImage, tag = 'v1', repository = 'library/app') =>
  pushImage(hub.origin, repository, [tag], image, UNCOUNTED);

const bytesAt = async (url: string): Promise<Buffer> => {
  const response = await fetch(url);
  expect(response.status, url).toBe(200);
  return Buffer.from(await response.arrayBuffer());
};

/** Pulls as an engine does: the tag, then children and blobs by digest. */
async function pull(
  base: string,
  image: TestImage,
  tag = 'v1',
  repository = 'library/app',
): Promise<void> {
  const name = `${base}/v2/${repository}`;
  expect(digestOf(await bytesAt(`${name}/manifests/${tag}`))).toBe(image.root.digest);
  const isManifestNode = (node: { descriptor: { mediaType: string } }): boolean =>
    node.descriptor.mediaType.includes('manifest');
  const nodes = [...image.nodes.values()].filter(
    ({ descriptor }) => descriptor.digest !== image.root.digest,
  );
  for (const node of nodes.toSorted(
    (a, b) => Number(isManifestNode(b)) - Number(isManifestNode(a)),
  )) {
    const { descriptor, bytes } = node;
    const isManifest = isManifestNode(node);
    const got = await bytesAt(`${name}/${isManifest ? 'manifests' : 'blobs'}/${descriptor.digest}`);
    expect(got.equals(bytes)).toBe(true);
  }
}

describe.each(['memory', 'disk'])('a pull-through cache in %s', (kind) => {
  const place = kind === 'disk' ? { dir: 'cache' } : {};

  it('costs the upstream one request for each content when 100 clients pull at once', async () => {
    const image = await makeIndex({ layers: 2, layerSize: 60_000 });
    await fill(image);
    await proxying({ ...place, metricsListen: '127.0.0.1:0' }, async (base, context) => {
      await Promise.all(Array.from({ length: 100 }, () => pull(base, image)));
      const seen = hub.lines.filter((line) => line.includes('/v2/library/'));
      expect(seen.toSorted()).toEqual([...new Set(seen)].toSorted());
      expect(seen).toHaveLength(image.nodes.size);
      expect(seen.every((line) => line.startsWith('GET '))).toBe(true);
      hub.misbehave = down;
      await pull(base, image);
      const at = /metrics on (.*)/u.exec(context.notes.join('\n'))?.[1] ?? '';
      const metrics = await (await fetch(at)).text();
      const blobs = seen.filter((line) => line.includes('/blobs/')).length;
      expect(metrics).toContain(`registry_proxy_misses_total{type="blob"} ${blobs}\n`);
      expect(metrics).toMatch(/^registry_proxy_hits_total\{type="manifest"\} \d+$/mu);
      expect(metrics).toMatch(/^registry_proxy_pushed_bytes_total\{type="blob"\} \d{7,}$/mu);
    });
  });
});

describe('a tag', () => {
  it('is asked for by HEAD once its time is over, and fetched only when it has moved', async () => {
    const [first, second] = [await makeImage({ layers: 1 }), await makeImage({ layers: 2 })];
    await fill(first);
    await proxying({}, async (base) => {
      await pull(base, first);
      hub.lines.length = 0;
      await pull(base, first);
      expect(hub.lines).toEqual([]);
      clock += 2 * MINUTE;
      await Promise.all(
        Array.from({ length: 20 }, () =>
          fetch(`${base}/v2/library/app/manifests/v1`, { method: 'HEAD' }),
        ),
      );
      expect(hub.lines).toEqual(['HEAD /v2/library/app/manifests/v1']);
      await fill(second);
      clock += 2 * MINUTE;
      hub.lines.length = 0;
      await pull(base, second);
      expect(hub.lines.slice(0, 2)).toEqual([
        'HEAD /v2/library/app/manifests/v1',
        `GET /v2/library/app/manifests/${second.root.digest}`,
      ]);
    });
  });

  it('goes when the upstream no longer has it', async () => {
    const image = await makeImage();
    await fill(image);
    await proxying({}, async (base) => {
      await pull(base, image);
      await fetch(`${hub.origin}/v2/library/app/manifests/v1`, {
        method: 'DELETE',
        headers: UNCOUNTED,
      });
      clock += 2 * MINUTE;
      expect((await fetch(`${base}/v2/library/app/manifests/v1`)).status).toBe(404);
    });
  });

  it.each([
    ['is down', down],
    ['limits', limited],
  ])('is served stale, and says so, while the upstream %s', async (_what, misbehave) => {
    const image = await makeImage();
    await fill(image);
    await proxying({}, async (base, context) => {
      await pull(base, image);
      hub.misbehave = misbehave;
      clock += 2 * MINUTE;
      const response = await fetch(`${base}/v2/library/app/manifests/v1`);
      expect(response.status).toBe(200);
      expect(response.headers.get('warning')).toBe('110 - "Response is Stale"');
      expect(context.warnings.join('\n')).toContain('serving cached content');
      await pull(base, image);
      // Its Retry-After is obeyed.
      if (misbehave === limited) return;
      hub.misbehave = undefined;
      clock += 2 * MINUTE;
      const fresh = await fetch(`${base}/v2/library/app/manifests/v1`);
      expect(fresh.headers.get('warning')).toBeNull();
    });
  });
});

describe('what is not cached', () => {
  it('is 429 with the Retry-After of an upstream that limits, and 502 if it is down', async () => {
    await proxying({}, async (base) => {
      expect((await fetch(`${base}/v2/library/none/manifests/v1`)).status).toBe(404);
      hub.misbehave = down;
      expect((await fetch(`${base}/v2/library/other/manifests/v1`)).status).toBe(502);
      hub.misbehave = limited;
      const response = await fetch(`${base}/v2/library/app/manifests/v1`);
      expect(response.status).toBe(429);
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(70);
      expect(await response.text()).toContain('TOOMANYREQUESTS');
    });
  });

  it('is streamed while it arrives, and cut instead of completed when it is damaged', async () => {
    const image = await makeImage({ layers: 1, layerSize: 500_000 });
    await fill(image);
    const layer = [...image.nodes.values()].find(({ bytes }) => bytes.byteLength > 400_000)!;
    const { digest } = layer.descriptor;
    let goOn: (good: boolean) => void = () => undefined;
    hub.misbehave = (request, response) => {
      if (!request.url?.includes(digest)) return false;
      const { bytes } = layer;
      response.writeHead(200, { 'Content-Length': String(bytes.byteLength) });
      response.write(bytes.subarray(0, 300_000));
      goOn = (good) =>
        response.end(good ? bytes.subarray(300_000) : Buffer.alloc(bytes.byteLength - 300_000));
      return true;
    };
    const path = `/v2/library/app/blobs/${digest}`;
    await proxying({ dir: 'cache' }, async (base) => {
      await bytesAt(`${base}/v2/library/app/manifests/v1`);
      const clients = await Promise.all([fetch(base + path), fetch(base + path)]);
      const readers = clients.map((response) => response.body!.getReader());
      const firsts = await Promise.all(readers.map((reader) => reader.read()));
      expect(firsts.every(({ value }) => value!.byteLength > 0)).toBe(true);
      goOn(false);
      const drained = readers.map(async (reader) => {
        for (;;) if ((await reader.read()).done) return 'complete';
      });
      const ends = await Promise.allSettled(drained);
      expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
      hub.misbehave = undefined;
      expect((await bytesAt(base + path)).equals(layer.bytes)).toBe(true);
    });
  });

  it('keeps the login of the client and its Accept to itself', async () => {
    const image = await makeImage();
    await fill(image);
    await proxying({}, async (base) => {
      const headers = {
        authorization: `Basic ${Buffer.from('ann:secret').toString('base64')}`,
        accept: 'application/x.strange',
        cookie: 'a=b',
      };
      const response = await fetch(`${base}/v2/library/app/manifests/v1`, { headers });
      expect(response.status).toBe(200);
      expect(hub.headers[0]).not.toHaveProperty('authorization');
      expect(hub.headers[0]).not.toHaveProperty('cookie');
      expect(hub.headers[0]?.['accept']).toContain('application/vnd.oci.image.index.v1+json');
      expect(hub.headers[0]?.['accept']).not.toContain('strange');
    });
  });
});

describe('damage and danger', () => {
  it('a manifest that was damaged in the cache is fetched again', async () => {
    const image = await makeImage();
    await fill(image);
    await proxying({ dir: 'cache' }, async (base) => {
      await pull(base, image);
      const name = `${hub.host.replace(':', '_')}/library/app` as RepositoryName;
      const path = diskPaths(dir.join('cache')).content(name, '_manifests', image.root.digest);
      await writeFile(path, '{"mediaType":"application/json"}\nnot what it was');
      hub.lines.length = 0;
      await pull(base, image);
      expect(hub.lines.length).toBeGreaterThan(0);
    });
  });

  it('a redirect to an address of the cloud is not followed', async () => {
    const image = await makeImage();
    await fill(image);
    hub.misbehave = (request, response) => {
      if (!request.url?.includes('/blobs/')) return false;
      response.writeHead(307, { Location: 'http://169.254.169.254/latest/meta-data' });
      response.end();
      return true;
    };
    const config = [...image.nodes.keys()].find((digest) => digest !== image.root.digest);
    await proxying({}, async (base) => {
      await bytesAt(`${base}/v2/library/app/manifests/v1`);
      const response = await fetch(`${base}/v2/library/app/blobs/${config}`);
      expect(response.status).toBe(502);
      expect(await response.text()).toContain('169.254.169.254');
    });
  });
});

describe('several upstreams', () => {
  it('are chosen by ns among those configured, else by prefix, else the first', async () => {
    await using other = await startHub();
    const [mine, its] = [await makeImage({ layers: 1 }), await makeImage({ layers: 2 })];
    await fill(mine);
    await pushImage(other.origin, 'library/app', ['v1'], its, UNCOUNTED);
    const options = { proxyPrefix: [`other.test=${other.origin}`] };
    await proxying(options, async (base) => {
      const digest = async (path: string): Promise<string | null> =>
        (await fetch(`${base}/v2/${path}`)).headers.get('docker-content-digest');
      expect(await digest('library/app/manifests/v1')).toBe(mine.root.digest);
      expect(await digest('other.test/library/app/manifests/v1')).toBe(its.root.digest);
      const named = await fetch(`${base}/v2/library/app/manifests/v1?ns=${other.host}`);
      expect(named.headers.get('docker-content-digest')).toBe(its.root.digest);
      expect(named.headers.get('oci-namespace')).toBe(other.host);
      const alias = await fetch(`${base}/v2/library/app/manifests/v1?ns=other.test`);
      expect(alias.headers.get('docker-content-digest')).toBe(its.root.digest);
      const strange = await fetch(`${base}/v2/library/app/manifests/v1?ns=169.254.169.254`);
      expect([strange.status, strange.headers.get('oci-namespace')]).toEqual([404, null]);
    });
  });
});

describe('a client of the cache', () => {
  it('can neither push, nor delete, nor list what the upstream has', async () => {
    await fill(await makeImage());
    await proxying({}, async (base) => {
      const attempts: [string, string][] = [
        ['POST', '/v2/library/app/blobs/uploads/'],
        ['PUT', '/v2/library/app/manifests/v1'],
        ['DELETE', '/v2/library/app/manifests/v1'],
        ['GET', '/v2/_catalog'],
      ];
      for (const [method, path] of attempts) {
        const response = await fetch(base + path, { method });
        expect([response.status, (await response.text()).includes('UNSUPPORTED')], path).toEqual([
          405,
          true,
        ]);
      }
      const tags = (await (await fetch(`${base}/v2/library/app/tags/list`)).json()) as object;
      expect(tags).toEqual({ name: 'library/app', tags: ['v1'] });
    });
  });

  it('gets ranges and sizes as from any registry', async () => {
    const image = await makeImage({ layers: 1, layerSize: 50_000 });
    await fill(image);
    const layer = [...image.nodes.values()].find(({ bytes }) => bytes.byteLength > 40_000)!;
    const url = `/v2/library/app/blobs/${layer.descriptor.digest}`;
    await proxying({}, async (base) => {
      const head = await fetch(base + url, { method: 'HEAD' });
      expect(head.headers.get('content-length')).toBe(String(layer.bytes.byteLength));
      const part = await fetch(base + url, { headers: { range: 'bytes=100-199' } });
      expect(part.status).toBe(206);
      expect(Buffer.from(await part.arrayBuffer()).equals(layer.bytes.subarray(100, 200))).toBe(
        true,
      );
    });
  });
});

describe('--proxy-max-size', () => {
  it('removes the least used images whole, and fetches again what is asked for', async () => {
    const images: TestImage[] = [];
    for (const layers of [1, 2, 3]) images.push(await makeImage({ layers, layerSize: 100_000 }));
    for (const [i, image] of images.entries()) await fill(image, `v${i}`);
    await proxying({ proxyMaxSize: '500kB' }, async (base) => {
      for (const [i, image] of images.entries()) {
        await pull(base, image, `v${i}`);
        await new Promise((resolve) => {
          setTimeout(resolve, 5);
        });
      }
      const isCached = async (i: number): Promise<boolean> => {
        hub.lines.length = 0;
        await pull(base, images[i]!, `v${i}`);
        return hub.lines.length === 0;
      };
      await eventually(async () => expect(await isCached(2)).toBe(true));
      expect(await isCached(0)).toBe(false);
    });
  });
});

it.each([
  [{ proxy: 'ftp://x' }, '--proxy: "ftp://x" is not'],
  [{ proxyPrefix: ['ghcr.io'] }, '--proxy-prefix takes PREFIX=URL'],
  [{ proxyMaxSize: '1GB' }, 'need --proxy'],
  [{ proxy: 'https://ghcr.io', readOnly: true }, 'contradict'],
  [{ proxyPrefix: ['a=https://ghcr.io', 'a=ghcr.io'] }, 'named twice'],
])('refuses %j', async (options, words) => {
  await expect(serving(options, { ...client }, async () => {})).rejects.toThrow(words);
});
