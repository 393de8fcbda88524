import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { AppError, IntegrityError } from '../../src/errors/app-error.ts';
import { parseManifest } from '../../src/oci/manifest.ts';
import { MEDIA_TYPE } from '../../src/oci/media-types.ts';
import { fetchManifest } from '../../src/store/manifests.ts';
import type { ReadStore, Source, WriteStore } from '../../src/store/types.ts';
import { fetchAll, sourceFromBytes } from '../../src/store/verify.ts';
import type { Bytes } from '../../src/util/bytes.ts';
import { blob, image, index, store, type TestNode } from '../helpers/graphs.ts';
import { makeImage, type TestImage } from '../helpers/images.ts';
import { reusing } from '../helpers/reused-memory.ts';

export interface Opened extends AsyncDisposable {
  readonly store: WriteStore;
  /** For what is only there after `commit()`: the same image, opened again. */
  readonly again?: {
    readonly read: () => Promise<ReadStore>;
    readonly write: () => Promise<WriteStore>;
  };
}

/** A kind of store. */
export interface Row {
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
  };
}

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

async function* inChunks(chunks: readonly Uint8Array[]): Bytes {
  yield* chunks;
}

const node = blob('some layer');

function again({ again: opener }: Opened): NonNullable<Opened['again']> {
  if (opener === undefined) throw new Error('this row opens nothing again');
  return opener;
}

/** Pushes all nodes of a single image, the manifest last and with a tag. */
async function pushAll(to: WriteStore, { nodes, root }: TestImage, tag: string): Promise<void> {
  for (const { descriptor, bytes } of nodes.values())
    await to.push(
      reusing({ descriptor, data: Buffer.from(bytes) }, [100]),
      descriptor === root ? { tag } : {},
    );
}

function configDigestOf({ nodes, root }: TestImage): string | undefined {
  const bytes = nodes.get(root.digest)?.bytes ?? new Uint8Array();
  const manifest = parseManifest(bytes, root.mediaType);
  return manifest.kind === 'image' ? manifest.config.digest : undefined;
}

/** The digest of the uncompressed layer. */
function diffIdOf(layer: Uint8Array): string {
  const tar = layer[0] === 0x1f ? gunzipSync(layer) : layer;
  return `sha256:${createHash('sha256').update(tar).digest('hex')}`;
}

/** What every store does, whatever keeps its images. */
export function describeStores(rows: readonly Row[]): void {
  describe.each(rows)('$name', ({ open, deviations, name1 = 'v1', name2 = 'v2' }) => {
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

    describe.runIf(deviations.isStream !== undefined)('once it is committed', () => {
      it('has what was pushed, with configuration and diff IDs', async () => {
        await using opened = await open();
        const made = await makeImage();
        await pushAll(opened.store, made, 'v1');
        for (const { descriptor } of made.nodes.values())
          expect(await opened.store.has(descriptor)).toBe(true);
        expect(await codeOf(opened.store.resolve('v1'))).toBe('MANIFEST_UNKNOWN');
        await opened.store.commit();
        expect((await opened.store.resolve('v1')).size).toBe(0);
        await using read = await again(opened).read();
        const manifest = await fetchManifest(read, await read.resolve(undefined));
        if (manifest.kind !== 'image') throw new Error('no image');
        expect(manifest.config.digest).toBe(configDigestOf(made));
        const config = Buffer.from(await fetchAll(read, manifest.config)).toString();
        const { rootfs } = JSON.parse(config) as { rootfs: { diff_ids: string[] } };
        const layers: string[] = [];
        for (const layer of manifest.layers) layers.push(diffIdOf(await fetchAll(read, layer)));
        expect(layers).toEqual(rootfs.diff_ids);
      });

      it('lists tags, gives an image more and moves them', async () => {
        await using opened = await open();
        const [one, other] = await Promise.all([makeImage(), makeImage()]);
        await pushAll(opened.store, one, 'v1');
        await opened.store.tag(one.root, 'v2');
        await opened.store.commit();
        await using second = await again(opened).write();
        await second.tag(await second.resolve('v2'), 'v3');
        await second.commit();
        await using third = await again(opened).write();
        await pushAll(third, other, 'v1');
        await third.commit();
        const pages = await Array.fromAsync(third.capabilities.tags?.tags() ?? []);
        expect(pages.flat()).toEqual(['v1', 'v2', 'v3']);
        const [v1Id, v2Id, v3Id] = await Promise.all(
          ['v1', 'v2', 'v3'].map(async (tag) => (await third.resolve(tag)).digest),
        );
        expect(v3Id).toBe(v2Id);
        expect(v1Id).not.toBe(v2Id);
      });

      it.each([
        ['cut short', (bytes: Uint8Array) => [bytes.subarray(0, -9)]],
        ['padded', (bytes: Uint8Array) => [bytes, Uint8Array.of(0)]],
        ['altered', (bytes: Uint8Array) => [bytes.map((byte, at) => (at === 99 ? ~byte : byte))]],
      ])('has no image of which a layer was %s', async (_how, change) => {
        await using opened = await open();
        const made = await makeImage();
        const [layer] = [...made.nodes.values()];
        if (layer === undefined) throw new Error('no layer');
        const source = {
          descriptor: layer.descriptor,
          open: async () => inChunks(change(layer.bytes)),
        };
        expect(await opened.store.push(source).catch((error: unknown) => error)).toBeInstanceOf(
          IntegrityError,
        );
        await opened.store[Symbol.asyncDispose]();
        await using read = await again(opened).read();
        expect(await codeOf(read.resolve(undefined))).toBe('MANIFEST_UNKNOWN');
      });

      it('has no image that was not committed', async () => {
        await using opened = await open();
        await pushAll(opened.store, await makeImage(), 'v1');
        await opened.store[Symbol.asyncDispose]();
        await using read = await again(opened).read();
        expect(await codeOf(read.resolve(undefined))).toBe('MANIFEST_UNKNOWN');
      });
    });

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
        const signature = image({
          config,
          subject,
          artifactType: 'application/x.sig',
          annotations,
        });
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

    it.runIf(deviations.noRemoval === undefined)(
      'removes a manifest with all its tags',
      async () => {
        await using opened = await open();
        const { store: it_ } = opened;
        await store(it_, tree, name1);
        await it_.tag(tree.descriptor, name2);
        await it_.commit();
        const { remove } = it_.capabilities;
        await remove?.removeManifest(tree.descriptor.digest);
        expect(await codeOf(it_.resolve(name1))).toBe('MANIFEST_UNKNOWN');
        expect(await codeOf(it_.resolve(name2))).toBe('MANIFEST_UNKNOWN');
        const byDigest =
          deviations.keepsRemovedContent === undefined ? 'MANIFEST_UNKNOWN' : 'no error';
        expect(await codeOf(it_.resolve(tree.descriptor.digest))).toBe(byDigest);
        expect(
          await codeOf(remove?.removeManifest(tree.descriptor.digest) ?? Promise.resolve()),
        ).toBe('MANIFEST_UNKNOWN');
      },
    );

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
}
