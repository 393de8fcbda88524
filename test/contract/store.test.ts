import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AppError, IntegrityError } from '../../src/errors/app-error.ts';
import { parseManifest } from '../../src/oci/manifest.ts';
import { fetchManifest } from '../../src/store/manifests.ts';
import { MEDIA_TYPE } from '../../src/oci/media-types.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import type { Bytes } from '../../src/util/bytes.ts';
import type { ReadStore, Source, WriteStore } from '../../src/store/types.ts';
import { fetchAll, sourceFromBytes } from '../../src/store/verify.ts';
import { createRegistryClient } from '../../src/registry/client.ts';
import { createMemoryStorage } from '../../src/server/storage/memory.ts';
import { startRegistryServer } from '../../src/server/server.ts';
import { createRegistryStore } from '../../src/transports/docker/store.ts';
import { dockerDaemonTransport } from '../../src/transports/docker-daemon/transport.ts';
import { openDirForWrite } from '../../src/transports/dir/store.ts';
import { openDockerArchiveForWrite } from '../../src/transports/docker-archive/write-store.ts';
import { openOciArchiveForWrite } from '../../src/transports/oci-archive/store.ts';
import { openLayoutForWrite } from '../../src/transports/oci-layout/store.ts';
import { placesIn } from '../helpers/pipes.ts';
import { plainClient } from '../registry/harness.ts';
import { startEngine } from '../helpers/engine.ts';
import { makeImage } from '../helpers/images.ts';
import { blob, image, index, store, type TestNode } from '../helpers/graphs.ts';

interface Opened extends AsyncDisposable {
  readonly store: WriteStore;
  /** The place once more, for what is only there after `commit()`. */
  readonly again?: () => Promise<ReadStore>;
}

interface Row {
  readonly name: string;
  /** An empty store. */
  readonly open: () => Promise<Opened>;
  /** Names of images where a tag alone is none. */
  readonly name1?: string;
  readonly name2?: string;
  /** What this store does otherwise, and why. */
  readonly deviations: {
    /** Resolving a removed manifest by its digest still works. */
    readonly keepsRemovedContent?: string;
    /** Removing a tag alone is refused. */
    readonly noUntag?: string;
    /** No ref means `latest` alone, never the only image. */
    readonly defaultIsLatest?: string;
    /** Holds one image, which has no tag. */
    readonly oneImage?: string;
    /** Holds single images alone. */
    readonly noIndex?: string;
    /** Cannot list what refers to an image. */
    readonly noReferrers?: string;
    /** Cannot remove. */
    readonly noRemoval?: string;
    /** What was pushed is on its way, and there after `commit()`; a push that failed ends it. */
    readonly isStream?: string;
    /** Its images are those of an engine: configuration and uncompressed layers stay, no more. */
    readonly keepsContent?: string;
  };
}

/** A store on the file system, in a folder of its own that goes with it. */
async function inFolder(make: (folder: string) => Promise<WriteStore>): Promise<Opened> {
  const folder = await mkdtemp(join(tmpdir(), 'regctl-store-'));
  const made = await make(folder);
  return {
    store: made,
    [Symbol.asyncDispose]: async () => {
      await made[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}

const STORES: readonly Row[] = [
  {
    name: 'memory',
    open: async () => {
      const memory = createMemoryStore();
      return { store: memory, [Symbol.asyncDispose]: () => memory[Symbol.asyncDispose]() };
    },
    deviations: {},
  },
  {
    name: 'oci-layout',
    open: () => inFolder((folder) => openLayoutForWrite(join(folder, 'new'))),
    deviations: {
      keepsRemovedContent: 'blobs stay in a layout until it is written anew: others may share them',
    },
  },
  {
    name: 'oci-archive',
    open: () =>
      inFolder((folder) =>
        openOciArchiveForWrite({ name: join(folder, 'a.tar'), ref: 'v1' }, placesIn(folder)),
      ),
    deviations: { noRemoval: 'an archive is written as a whole' },
  },
  {
    name: 'docker-archive',
    open: () =>
      inFolder((folder) =>
        openDockerArchiveForWrite({ name: join(folder, 'a.tar'), ref: 'x' }, placesIn(folder)),
      ),
    name1: 'app:v1',
    name2: 'app:v2',
    deviations: {
      noIndex: 'docker load takes single images',
      defaultIsLatest: 'its images have full names',
      noReferrers: 'nothing but images has a place',
      noRemoval: 'an archive is written as a whole',
    },
  },
  {
    name: 'dir',
    open: () => inFolder((folder) => openDirForWrite(join(folder, 'new'))),
    deviations: {
      oneImage: 'the format is one manifest with its files',
      noReferrers: 'nothing but the one image has a place',
      noRemoval: 'without its image the folder is nothing',
    },
  },
  {
    name: 'docker-daemon, on a scripted engine',
    open: async () => {
      const engine = await startEngine();
      const location = dockerDaemonTransport.parse('app:v1');
      const context = placesIn(tmpdir(), { engines: engine.context });
      const { openWrite, openRead } = dockerDaemonTransport;
      if (openWrite === undefined) throw new Error('read-only');
      const made = await openWrite(location, context);
      return {
        store: made,
        again: () => openRead(location, context),
        [Symbol.asyncDispose]: async () => {
          await made[Symbol.asyncDispose]();
          await engine[Symbol.asyncDispose]();
        },
      };
    },
    deviations: {
      noIndex: 'an engine holds single images',
      defaultIsLatest: 'its images have full names',
      noReferrers: 'nothing but images has a place',
      noRemoval: 'docker rmi does that',
      isStream: 'the archive goes to the daemon as it is written',
      keepsContent: 'an engine keeps layers unpacked, and makes a manifest of its own',
    },
  },
  {
    name: 'docker, on the embedded registry',
    open: async () => {
      const server = await startRegistryServer({ storage: createMemoryStorage() });
      const client = createRegistryClient({
        request: plainClient,
        endpoint: async () => server.url,
        warn: () => {},
      });
      return {
        store: createRegistryStore(
          client.repository({ registry: 'reg.example', repository: 'a/b', access: 'push' }),
        ),
        [Symbol.asyncDispose]: () => server.close(),
      };
    },
    deviations: { defaultIsLatest: 'a registry has no only image' },
  },
];

const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no error',
    (error: unknown) => (error instanceof AppError ? error.code : error),
  );

const lying = ({ descriptor }: TestNode, chunks: readonly string[]): Source => ({
  descriptor,
  open: async () =>
    (async function* (): Bytes {
      for (const chunk of chunks) yield new TextEncoder().encode(chunk);
    })(),
});

const node = blob('some layer');

describe.each(STORES)('$name', ({ open, deviations, name1 = 'v1', name2 = 'v2' }) => {
  const v1 = deviations.oneImage === undefined ? name1 : undefined;
  const single = image({ layers: [node] });
  const tree = deviations.noIndex === undefined ? index([single]) : single;

  it('is empty at first', async () => {
    await using opened = await open();
    const { store: it_ } = opened;
    expect(await it_.has(node.descriptor)).toBe(false);
    expect(await codeOf(it_.resolve(name1))).toMatch(/^(?:MANIFEST|REPOSITORY)_UNKNOWN$/);
    expect(await codeOf(fetchAll(it_, node.descriptor))).toBe('BLOB_UNKNOWN');
    expect(await codeOf(fetchAll(it_, tree.descriptor))).toMatch(
      /^(?:MANIFEST|REPOSITORY)_UNKNOWN$/,
    );
  });

  it.runIf(deviations.isStream === undefined)(
    'gives back what was pushed, byte for byte',
    async () => {
      await using opened = await open();
      const { store: it_ } = opened;
      await store(it_, tree, v1);
      for (const { descriptor, data } of [...tree.below, tree]) {
        expect(await it_.has(descriptor)).toBe(true);
        expect(Buffer.from(await fetchAll(it_, descriptor))).toEqual(Buffer.from(data));
      }
    },
  );

  it.runIf(deviations.isStream !== undefined)(
    'has what was pushed once it is committed, with configuration and diff IDs',
    async () => {
      await using opened = await open();
      const made = await makeImage();
      for (const { descriptor, bytes } of made.nodes.values()) {
        const tag = descriptor.digest === made.root.digest ? { tag: 'v1' } : {};
        await opened.store.push(sourceFromBytes(descriptor, bytes), tag);
        expect(await opened.store.has(descriptor)).toBe(true);
      }
      expect(await codeOf(opened.store.resolve('v1'))).toBe('MANIFEST_UNKNOWN');
      await opened.store.commit();
      expect((await opened.store.resolve('v1')).size).toBe(0);
      await using read = await (opened.again?.() ?? Promise.reject(new Error('no second look')));
      const manifest = await fetchManifest(read, await read.resolve(undefined));
      const before = parseManifest(
        made.nodes.get(made.root.digest)?.bytes ?? new Uint8Array(),
        made.root.mediaType,
      );
      if (manifest.kind !== 'image' || before.kind !== 'image') throw new Error('no image');
      expect(manifest.config.digest).toBe(before.config.digest);
      const config = Buffer.from(await fetchAll(read, manifest.config)).toString();
      const { rootfs } = JSON.parse(config) as { rootfs: { diff_ids: string[] } };
      expect(manifest.layers.map(({ digest }) => digest)).toEqual(rootfs.diff_ids);
      for (const layer of manifest.layers) await fetchAll(read, layer);
    },
  );

  it('says whether a push wrote', async () => {
    await using opened = await open();
    const sent: number[] = [];
    const source = sourceFromBytes(node.descriptor, node.data);
    const onBytes = (done: number): void => void sent.push(done);
    expect(await opened.store.push(source, { onBytes })).toBe('written');
    expect(sent.at(-1)).toBe(node.descriptor.size);
    expect(await opened.store.push(source)).toBe('present');
  });

  it.runIf(deviations.oneImage !== undefined)('replaces its image by the next', async () => {
    await using opened = await open();
    const { store: it_ } = opened;
    const first = image({ layers: [node] });
    await store(it_, first);
    await store(it_, tree);
    expect((await it_.resolve(undefined)).digest).toBe(tree.descriptor.digest);
    expect((await it_.resolve(first.descriptor.digest)).size).toBe(first.descriptor.size);
    const other = image({ layers: [blob('other')] });
    await store(it_, other);
    expect((await it_.resolve(undefined)).digest).toBe(other.descriptor.digest);
    expect(await it_.has(node.descriptor)).toBe(false);
    expect(await codeOf(it_.tag(other.descriptor, 'v1'))).toBe('UNSUPPORTED');
    expect(await Array.fromAsync(it_.capabilities.tags?.tags() ?? [])).toEqual([]);
  });

  it.runIf(deviations.oneImage === undefined && deviations.isStream === undefined)(
    'resolves tags, digests of roots and children, and moves tags',
    async () => {
      await using opened = await open();
      const { store: it_ } = opened;
      await store(it_, tree, name1);
      const child = tree.below.at(-1);
      const wanted = {
        mediaType: tree.descriptor.mediaType,
        digest: tree.descriptor.digest,
        size: tree.descriptor.size,
      };
      expect(await it_.resolve(name1, { purpose: 'content' })).toMatchObject(wanted);
      expect(await it_.resolve(tree.descriptor.digest)).toMatchObject(wanted);
      if (deviations.noIndex === undefined) {
        expect(await it_.resolve(child?.descriptor.digest)).toMatchObject({
          mediaType: MEDIA_TYPE.ociManifest,
          size: child?.descriptor.size,
        });
      }
      const other = image({ layers: [blob('other')] });
      await it_.tag(tree.descriptor, name2);
      await store(it_, other, name1);
      expect((await it_.resolve(name1)).digest).toBe(other.descriptor.digest);
      expect((await it_.resolve(name2)).digest).toBe(tree.descriptor.digest);
      expect(await codeOf(it_.resolve('v3'))).toBe('MANIFEST_UNKNOWN');
    },
  );

  it.runIf(deviations.defaultIsLatest === undefined && deviations.oneImage === undefined)(
    'takes the only image, else latest, when no ref is given',
    async () => {
      await using opened = await open();
      const { store: it_ } = opened;
      await store(it_, tree, name1);
      expect((await it_.resolve(undefined)).digest).toBe(tree.descriptor.digest);
      const other = image({ layers: [blob('other')] });
      await store(it_, other, 'v2');
      expect(await codeOf(it_.resolve(undefined))).toBe('MANIFEST_UNKNOWN');
      await it_.tag(other.descriptor, 'latest');
      expect((await it_.resolve(undefined)).digest).toBe(other.descriptor.digest);
    },
  );

  it.runIf(deviations.isStream === undefined).each([
    ['cut short', ['some la']],
    ['padded', ['some layer', '!']],
    ['altered', ['some lAyer']],
  ])('keeps nothing of content that is %s', async (_how, chunks) => {
    await using opened = await open();
    const { store: it_ } = opened;
    const error = await it_.push(lying(node, chunks)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(IntegrityError);
    expect(await it_.has(node.descriptor)).toBe(false);
    expect(await it_.push(sourceFromBytes(node.descriptor, node.data))).toBe('written');
  });

  it.runIf(deviations.isStream === undefined)('takes empty blobs and many chunks', async () => {
    await using opened = await open();
    const { store: it_ } = opened;
    const empty = blob('');
    const large = blob(Buffer.alloc(700_000, 'abcdefg'));
    await it_.push(sourceFromBytes(empty.descriptor, empty.data));
    await it_.push(sourceFromBytes(large.descriptor, large.data));
    expect(await fetchAll(it_, empty.descriptor)).toHaveLength(0);
    expect(Buffer.compare(await fetchAll(it_, large.descriptor), large.data)).toBe(0);
    const rest = await Array.fromAsync(await it_.fetch(large.descriptor, { from: 600_001 }));
    expect(Buffer.compare(Buffer.concat(rest), large.data.subarray(600_001))).toBe(0);
  });

  it('stops for an aborted signal', async () => {
    await using opened = await open();
    const reason = new AppError('INTERRUPTED', 'stop');
    const signal = AbortSignal.abort(reason);
    const { store: it_ } = opened;
    const source = sourceFromBytes(node.descriptor, node.data);
    await expect(it_.push(source, { signal })).rejects.toBe(reason);
    await expect(it_.resolve(name1, { signal })).rejects.toBe(reason);
    await expect(it_.has(node.descriptor, { signal })).rejects.toBe(reason);
    expect(await it_.has(node.descriptor)).toBe(false);
  });

  it.runIf(deviations.oneImage === undefined && deviations.isStream === undefined)(
    'lists tags',
    async () => {
      await using opened = await open();
      const { store: it_ } = opened;
      await store(it_, tree, name1);
      await it_.tag(tree.descriptor, name2);
      await it_.commit();
      const pages = await Array.fromAsync(it_.capabilities.tags?.tags() ?? []);
      expect(pages.flat().toSorted()).toEqual([name1, name2]);
    },
  );

  it.runIf(deviations.noReferrers === undefined)(
    'lists referrers, by artifact type if asked',
    async () => {
      await using opened = await open();
      const { store: it_ } = opened;
      await store(it_, tree, name1);
      const config = blob('{}', MEDIA_TYPE.ociEmpty);
      const subject = tree.descriptor;
      const annotations = { note: 'signed' };
      const signature = image({ config, subject, artifactType: 'application/x.sig', annotations });
      const sbom = image({ config, subject, artifactType: 'application/x.sbom' });
      await store(it_, signature);
      await store(it_, sbom);
      const { referrers } = it_.capabilities;
      const all = await Array.fromAsync(referrers?.referrers(subject.digest) ?? []);
      expect(all.map((one) => one.digest).toSorted()).toEqual(
        [signature.descriptor.digest, sbom.descriptor.digest].toSorted(),
      );
      const artifactType = 'application/x.sig';
      const some = await Array.fromAsync(
        referrers?.referrers(subject.digest, { artifactType }) ?? [],
      );
      expect(some).toMatchObject([
        { digest: signature.descriptor.digest, artifactType, annotations: { note: 'signed' } },
      ]);
    },
  );

  it.runIf(deviations.noRemoval === undefined)('removes a manifest with all its tags', async () => {
    await using opened = await open();
    const { store: it_ } = opened;
    await store(it_, tree, name1);
    await it_.tag(tree.descriptor, name2);
    await it_.commit();
    const { remove } = it_.capabilities;
    await remove?.removeManifest(tree.descriptor.digest);
    expect(await codeOf(it_.resolve(name1))).toBe('MANIFEST_UNKNOWN');
    expect(await codeOf(it_.resolve(name2))).toBe('MANIFEST_UNKNOWN');
    const byDigest = deviations.keepsRemovedContent === undefined ? 'MANIFEST_UNKNOWN' : 'no error';
    expect(await codeOf(it_.resolve(tree.descriptor.digest))).toBe(byDigest);
    expect(await codeOf(remove?.removeManifest(tree.descriptor.digest) ?? Promise.resolve())).toBe(
      'MANIFEST_UNKNOWN',
    );
  });

  it.runIf(deviations.noUntag === undefined && deviations.noRemoval === undefined)(
    'removes one tag alone',
    async () => {
      await using opened = await open();
      const { store: it_ } = opened;
      await store(it_, tree, name1);
      await it_.tag(tree.descriptor, name2);
      await it_.commit();
      await it_.capabilities.remove?.untag('v1');
      expect(await codeOf(it_.resolve(name1))).toBe('MANIFEST_UNKNOWN');
      expect((await it_.resolve(name2)).digest).toBe(tree.descriptor.digest);
      expect(await codeOf(it_.capabilities.remove?.untag('v1') ?? Promise.resolve())).toBe(
        'MANIFEST_UNKNOWN',
      );
    },
  );
});
