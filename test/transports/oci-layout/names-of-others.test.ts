import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hexOf } from '../../../src/oci/digest.ts';
import { parseLayoutName } from '../../../src/transports/oci-layout/name.ts';
import { openLayoutForRead } from '../../../src/transports/oci-layout/store.ts';
import { ociLayoutTransport } from '../../../src/transports/oci-layout/transport.ts';
import { configFor, image } from '../../helpers/graphs.ts';

const REF_NAME = 'org.opencontainers.image.ref.name';
const CONTAINERD = 'io.containerd.image.name';

const one = image({ config: configFor('amd64') });
const two = image({ config: configFor('arm64') });
const D = one.descriptor.digest;

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'regctl-names-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

/** index.json as another program wrote it. */
async function written(
  ...entries: (readonly [typeof one, Record<string, string>])[]
): Promise<void> {
  const blobs = join(folder, 'blobs/sha256');
  await mkdir(blobs, { recursive: true });
  for (const [{ descriptor, data }] of entries) {
    await writeFile(join(blobs, hexOf(descriptor.digest)), data);
  }
  const manifests = entries.map(([{ descriptor }, annotations]) => ({
    ...descriptor,
    annotations,
  }));
  await writeFile(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  await writeFile(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
}

async function digestOf(rest: string): Promise<string> {
  const { name, ref } = parseLayoutName(`${folder}${rest}`);
  await using layout = await openLayoutForRead(name);
  return (await layout.resolve(ref)).digest;
}

describe('images that other programs named', () => {
  it.each([
    ['skopeo', 'localhost/team/hello:1.0'],
    ['buildah', 'mine:1'],
    ['a registry with a port', 'host:5000/o/app:v1'],
    ['skopeo, with a digest', `app:v1@${D}`],
  ])('%s: %s', async (_, name) => {
    await written([two, { [REF_NAME]: 'other' }], [one, { [REF_NAME]: name }]);
    expect(await digestOf(`:${name}`)).toBe(D);
  });

  it('finds NAME@DIGEST by the name when the digest is its own', async () => {
    await written([one, { [REF_NAME]: 'v1' }], [two, { [REF_NAME]: 'v2' }]);
    expect(await digestOf(`:v1@${D}`)).toBe(D);
    await expect(digestOf(`:v2@${D}`)).rejects.toMatchObject({
      code: 'MANIFEST_UNKNOWN',
      message: expect.stringContaining(`"v2" has the digest ${two.descriptor.digest}, not ${D}`),
    });
    await expect(digestOf(`:v3@${D}`)).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' });
  });

  it('counts images from @0', async () => {
    await written([one, {}], [two, { [REF_NAME]: 'v2' }]);
    expect(await digestOf(':@0')).toBe(D);
    expect(await digestOf(':@1')).toBe(two.descriptor.digest);
    await expect(digestOf(':@2')).rejects.toMatchObject({
      code: 'MANIFEST_UNKNOWN',
      hint: 'Its images are @0 to @1.',
    });
  });

  it.each(['docker.io/library/alpine:3', 'alpine:3', 'docker.io/alpine:3'])(
    'understands the names of containerd: %s',
    async (name) => {
      await written(
        [two, { [CONTAINERD]: 'docker.io/library/busybox:3', [REF_NAME]: '3' }],
        [one, { [CONTAINERD]: 'docker.io/library/alpine:3', [REF_NAME]: '3' }],
      );
      expect(await digestOf(`:${name}`)).toBe(D);
    },
  );

  it('writes no image to a place in the index', async () => {
    const location = parseLayoutName(`${folder}:@0`);
    const open = ociLayoutTransport.openWrite?.(location, { temporaries: undefined } as never);
    await expect(open).rejects.toMatchObject({
      code: 'INVALID_REFERENCE',
      hint: `Use oci:${folder}:NAME.`,
    });
  });
});
