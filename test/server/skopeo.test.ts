import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { hash } from 'bcryptjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf, hexOf } from '../../src/oci/digest.ts';
import { MEDIA_TYPE } from '../../src/oci/media-types.ts';
import { createDiskStorage } from '../../src/server/storage/disk.ts';
import { createHtpasswdVerifier, parseHtpasswd } from '../../src/server/htpasswd.ts';
import { createMemoryStorage } from '../../src/server/storage/memory.ts';
import { startRegistryServer } from '../../src/server/server.ts';
import { makeCertificates } from '../helpers/certificates.ts';

const SKOPEO = '/usr/bin/skopeo';
const run = promisify(execFile);

const skopeo = (...args: string[]) => run(SKOPEO, ['--insecure-policy', ...args]);

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'regctl-skopeo-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

interface Entry {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** A one-layer image in an OCI layout; returns its manifest's descriptor. */
async function writeLayout(path: string): Promise<Entry> {
  await mkdir(join(path, 'blobs/sha256'), { recursive: true });
  const add = async (mediaType: string, data: Buffer): Promise<Entry> => {
    const digest = digestOf(data);
    await writeFile(join(path, 'blobs/sha256', hexOf(digest)), data);
    return { mediaType, digest, size: data.byteLength };
  };
  const tar = Buffer.alloc(1024);
  const layer = await add(MEDIA_TYPE.ociLayerGzip, gzipSync(tar));
  const image = {
    architecture: 'amd64',
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: [digestOf(tar)] },
  };
  const config = await add(MEDIA_TYPE.ociConfig, Buffer.from(JSON.stringify(image)));
  const mediaType = MEDIA_TYPE.ociManifest;
  const body = { schemaVersion: 2, mediaType, config, layers: [layer] };
  const manifest = await add(mediaType, Buffer.from(JSON.stringify(body)));
  const annotations = { 'org.opencontainers.image.ref.name': 'v1' };
  await writeFile(join(path, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  await writeFile(
    join(path, 'index.json'),
    JSON.stringify({ schemaVersion: 2, manifests: [{ ...manifest, annotations }] }),
  );
  return manifest;
}

const STORAGES = {
  memory: () => createMemoryStorage(),
  disk: () => createDiskStorage(join(directory, 'registry')),
};

describe.skipIf(!existsSync(SKOPEO))('skopeo (skipped where /usr/bin/skopeo is missing)', () => {
  it.each(Object.entries(STORAGES))('copies to the %s storage and back', async (name, storage) => {
    const source = join(directory, `in-${name}`);
    const target = join(directory, `out-${name}`);
    const manifest = await writeLayout(source);
    await using server = await startRegistryServer({ storage: storage() });
    const remote = `docker://${server.host}/team/app:v1`;
    await skopeo('copy', '--dest-tls-verify=false', `oci:${source}:v1`, remote);
    const listed = await skopeo('list-tags', '--tls-verify=false', remote.replace(/:v1$/, ''));
    expect(JSON.parse(listed.stdout)).toMatchObject({ Tags: ['v1'] });
    await skopeo('copy', '--src-tls-verify=false', remote, `oci:${target}:v1`);
    const index = JSON.parse(await readFile(join(target, 'index.json'), 'utf8')) as {
      manifests: Entry[];
    };
    expect(index.manifests[0]?.digest).toBe(manifest.digest);
    await skopeo('delete', '--tls-verify=false', remote);
    await expect(skopeo('inspect', '--tls-verify=false', remote)).rejects.toThrow(/unknown/i);
  });

  it('talks TLS and gives its password', async () => {
    const source = join(directory, 'in-tls');
    await writeLayout(source);
    await using certificates = await makeCertificates();
    await using server = await startRegistryServer({
      storage: createMemoryStorage(),
      tls: { cert: certificates.cert, key: certificates.key },
      basicAuth: createHtpasswdVerifier(parseHtpasswd(`ann:${await hash('secret', 4)}`)),
    });
    const trust = join(directory, 'trust');
    await mkdir(trust);
    await writeFile(join(trust, 'ca.crt'), certificates.ca);
    const copy = (credentials: string) =>
      skopeo(
        'copy',
        `--dest-cert-dir=${trust}`,
        `--dest-creds=${credentials}`,
        `oci:${source}:v1`,
        `docker://${server.host}/app:v1`,
      );
    await expect(copy('ann:guess')).rejects.toThrow(/authentication required|unauthorized/i);
    await copy('ann:secret');
  });
});
