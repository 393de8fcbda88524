import { describe, expect, it } from 'vitest';
import { copyImage } from '../../src/copy/copy-image.ts';
import type { CopyEvent, CopyOptions } from '../../src/copy/types.ts';
import { hexOf } from '../../src/oci/digest.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import type { WriteStore } from '../../src/store/types.ts';
import { blob, configFor, image, index, store, type TestImage } from '../helpers/graphs.ts';
import { watchStore } from '../helpers/watched-store.ts';

const [first, second] = ['amd64', 'arm64'].map((name) =>
  image({ config: configFor(name), layers: [blob(name)] }),
) as [TestImage, TestImage];
const root = index(
  [first, second],
  [
    { os: 'linux', architecture: 'amd64' },
    { os: 'linux', architecture: 'arm64' },
  ],
);
const about = (subject: TestImage, text: string): TestImage =>
  image({ layers: [blob(text)], subject: subject.descriptor, artifactType: `application/${text}` });
const sbom = about(root, 'sbom');
const signature = about(sbom, 'signature-of-sbom');
const provenance = about(second, 'provenance');
const cosigned = image({ layers: [blob('cosign')] });
const cosignTag = `sha256-${hexOf(first.descriptor.digest)}.sig`;

async function setUp(prepare: (into: WriteStore) => Promise<void> = async () => {}) {
  const from = createMemoryStore('from');
  await store(from, root, 'v1');
  for (const one of [sbom, signature, provenance]) await store(from, one);
  await store(from, cosigned, cosignTag);
  await store(from, image({ layers: [blob('stranger')] }), `sha256-${'0'.repeat(64)}.sig`);
  const to = createMemoryStore('to');
  await prepare(to);
  const destination = watchStore(to);
  const events: CopyEvent[] = [];
  const run = (extra: Partial<CopyOptions> = {}) =>
    copyImage({
      source: from,
      sourceRef: 'v1',
      destination: destination.store,
      destinationTag: 'v1',
      concurrency: 3,
      referrers: true,
      emit: (event) => events.push(event),
      ...extra,
    });
  return { from, to, calls: destination.calls, events, run };
}

/** `from`, naming the same referrers for whatever is asked about. */
function listing(from: WriteStore, some: readonly TestImage[]): WriteStore {
  async function* referrers() {
    for (const { descriptor } of some) yield descriptor;
  }
  return { ...from, capabilities: { ...from.capabilities, referrers: { referrers } } };
}

describe('referrers', () => {
  it('of the image, its children and the referrers themselves come along, the tag last', async () => {
    const { to, calls, run } = await setUp();
    await run();
    for (const one of [sbom, signature, provenance, cosigned])
      for (const node of [...one.below, one]) expect(await to.has(node.descriptor)).toBe(true);
    expect((await to.resolve(cosignTag)).digest).toBe(cosigned.descriptor.digest);
    await expect(to.resolve(`sha256-${'0'.repeat(64)}.sig`)).rejects.toMatchObject({
      code: 'MANIFEST_UNKNOWN',
    });
    const pushes = calls.filter((call) => call.startsWith('push'));
    expect(pushes.at(-1)).toBe(`push ${root.descriptor.digest}`);
    expect(pushes.indexOf(`push ${root.descriptor.digest}`)).toBeLessThan(
      pushes.indexOf(`push ${sbom.descriptor.digest}`),
    );
  });

  it('stay behind unless they are asked for', async () => {
    const { to, run } = await setUp();
    await run({ referrers: false });
    expect(await to.has(sbom.descriptor)).toBe(false);
  });

  it('new to an image that is there already are added', async () => {
    const { to, calls, run } = await setUp(async (into) => {
      await store(into, root, 'v1');
      await store(into, sbom);
    });
    await run();
    expect(await to.has(signature.descriptor)).toBe(true);
    expect(calls).not.toContain(`push ${root.descriptor.digest}`);
    expect(calls).not.toContain(`push ${sbom.descriptor.digest}`);
  });

  it('of one platform are those of its image', async () => {
    const { to, run } = await setUp();
    await run({ platforms: [{ os: 'linux', architecture: 'arm64' }] });
    expect(await to.has(provenance.descriptor)).toBe(true);
    expect(await to.has(sbom.descriptor)).toBe(false);
  });

  it('cosign tags that differ stay as they are with noClobber, and it is said', async () => {
    const own = image({ layers: [blob('their own signature')] });
    const { to, events, run } = await setUp((into) => store(into, own, cosignTag));
    await run({ noClobber: true });
    expect((await to.resolve(cosignTag)).digest).toBe(own.descriptor.digest);
    expect(events.filter((event) => event.type === 'warning')).toHaveLength(1);
    await run();
    expect((await to.resolve(cosignTag)).digest).toBe(cosigned.descriptor.digest);
  });

  it('that are listed and gone are left out with a warning', async () => {
    const { from, to, events, run } = await setUp();
    const ghost = about(first, 'ghost');
    await run({ source: listing(from, [ghost, sbom]) });
    expect((await to.resolve('v1')).digest).toBe(root.descriptor.digest);
    expect(await to.has(sbom.descriptor)).toBe(true);
    const texts = events.flatMap((event) => (event.type === 'warning' ? [event.text] : []));
    expect([...new Set(texts)]).toEqual([expect.stringContaining('is gone') as string]);
  });

  it('that go round in circles end', async () => {
    const { from, to, run } = await setUp();
    await run({ source: listing(from, [sbom, signature]) });
    expect(await to.has(signature.descriptor)).toBe(true);
  });

  it('without end are refused', async () => {
    const { from, to, run } = await setUp();
    const endless = {
      ...from,
      capabilities: {
        ...from.capabilities,
        referrers: {
          async *referrers() {
            for (;;) yield sbom.descriptor;
          },
        },
      },
    };
    await expect(run({ source: endless })).rejects.toMatchObject({ code: 'RESPONSE_TOO_LARGE' });
    await expect(to.resolve('v1')).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' });
  });
});
