import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCertificates, type Certificates } from '../helpers/certificates.ts';
import { makeImage, type TestImage } from '../helpers/images.ts';
import { fill } from '../helpers/stand-ins/fill.ts';
import { STAND_INS } from '../helpers/stand-ins/table.ts';
import type { StandIn } from '../helpers/stand-ins/types.ts';
import { hostsOf, startWorld, type World } from '../helpers/stand-ins/world.ts';
import { startRecorded, type RecordedRegistry } from '../sync/recorded-registry.ts';

const LISTED = STAND_INS.filter(({ id }) => ['docker-hub', 'quay', 'harbor', 'ghcr'].includes(id))
  // A page of their lists of names holds a hundred.
  .map((standIn) => [standIn.id, { ...standIn, lists: { ...standIn.lists, page: 100 } }] as const);

const TAGS = Array.from({ length: 20 }, (_one, i) => `v${i}`);

let certificates: Certificates;
beforeAll(async () => {
  certificates = await makeCertificates(...LISTED.flatMap(([, standIn]) => hostsOf(standIn)));
});
afterAll(() => certificates[Symbol.asyncDispose]());

interface Synced {
  readonly Images: readonly {
    readonly Source: string;
    readonly Destination: string;
    readonly Outcome: string;
  }[];
}

describe.each(LISTED)('--state with the lists of %s', (_id, standIn) => {
  let world: World;
  let target: RecordedRegistry;
  let images: readonly TestImage[];
  beforeAll(async () => {
    world = await startWorld(standIn, certificates);
    target = await startRecorded({});
    images = await Promise.all([1, 2, 3, 4].map(() => makeImage()));
    images.forEach((image, i) => {
      fill(
        world,
        image,
        TAGS.filter((_tag, at) => at % images.length === i),
      );
    });
    await run();
  });
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
    await target[Symbol.asyncDispose]();
  });

  /** The images that were not as before, and the requests to both sides. */
  async function run(): Promise<{ changed: readonly string[]; requests: number }> {
    const before = world.requests.length + target.requests.length;
    const { username, password } = standIn.login;
    const { Images } = (await world.json(
      0,
      'sync',
      '--src-creds',
      `${username}:${password}`,
      '--state',
      'state.json',
      `${standIn.registry}/${standIn.repository}`,
      `${target.server.host}/app`,
    )) as Synced;
    const changed = Images.filter(({ Outcome }) => Outcome !== 'unchanged');
    return {
      changed: changed.map(({ Source }) => Source.replace(/^.*:/u, '')),
      requests: world.requests.length + target.requests.length - before,
    };
  }

  it('nothing to do over 20 tags takes at most 24 requests', async () => {
    const { changed, requests } = await run();
    expect(changed).toEqual([]);
    expect(requests, world.lines.join('\n')).toBeLessThanOrEqual(24);
  });

  it('a tag that moved at the source is seen', async () => {
    fill(world, images[1] as TestImage, ['v0']);
    expect((await run()).changed).toEqual(['v0']);
    expect((await run()).changed).toEqual([]);
  });

  it('a tag that was overwritten at the target is seen', async () => {
    const { manifests } = target.storage;
    const other = await manifests.resolve('app' as never, 'v3' as never);
    const found = await manifests.get('app' as never, other as never);
    if (found === undefined || other === undefined) throw new Error('v3 is not there');
    await manifests.put('app' as never, found, { tags: ['v2' as never], subject: undefined });
    expect((await run()).changed).toEqual(['v2']);
  });

  it('a tag that was deleted at the target is seen', async () => {
    await target.storage.manifests.untag('app' as never, 'v4' as never);
    expect((await run()).changed).toEqual(['v4']);
  });
});

describe('the pull limit of Docker Hub', () => {
  it('ends a run with 4, and the next ones go on there', async () => {
    const hub = LISTED.find(([id]) => id === 'docker-hub')?.[1] as StandIn;
    await using world = await startWorld(hub, certificates);
    await using target = await startRecorded({});
    const images = await Promise.all([1, 2, 3, 4, 5, 6, 7].map(() => makeImage()));
    images.forEach((image, i) => fill(world, image, [`v${i}`]));
    const names = [`docker.io/${hub.repository}`, `${target.server.host}/app`];
    const tags = () => target.storage.manifests.tags('app' as never);
    // The registry reports 76 pulls: the first one tells that none may be used.
    const kept = await world.run(['sync', '--budget-left', '100', ...names]);
    expect([kept.status, await tags()]).toEqual([4, expect.objectContaining({ length: 1 })]);
    const sizes: number[] = [];
    const codes: number[] = [];
    for (const _ of [1, 2, 3]) {
      const { status } = await world.run(['sync', '--budget', '3', ...names]);
      codes.push(status);
      sizes.push((await tags()).length);
    }
    expect(codes).toEqual([4, 0, 0]);
    expect(sizes).toEqual([4, 7, 7]);
    const dry = await world.run(['sync', '--dry-run', `docker.io/${hub.repository}`, 'oci:out']);
    expect(dry.stderr).toContain('7 counted pulls');
  });
});

it('tags --same-as finds the tags of a digest by the list of Docker Hub', async () => {
  const hub = LISTED.find(([id]) => id === 'docker-hub')?.[1] as StandIn;
  await using world = await startWorld(hub, certificates);
  const [one, other] = [await makeImage(), await makeImage()];
  fill(world, one, ['v1', 'latest', 'stable']);
  fill(world, other, ['v2', 'v3', 'v4']);
  const { status, stdout } = await world.run([
    'tags',
    '--same-as',
    `docker.io/${hub.repository}:v1`,
  ]);
  expect(status).toBe(0);
  expect(stdout.split('\n').filter(Boolean).toSorted()).toEqual(['latest', 'stable', 'v1']);
  const looks = world.lines.filter((line) => line.includes('/manifests/') && !line.includes('v1'));
  expect(looks).toEqual([]);
});
