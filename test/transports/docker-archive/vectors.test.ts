import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { fetchManifest } from '../../../src/store/manifests.ts';
import { openPlatformIndex, selectPlatform } from '../../../src/store/platforms.ts';
import type { ReadStore } from '../../../src/store/types.ts';
import { fetchAll } from '../../../src/store/verify.ts';
import { dockerDaemonTransport } from '../../../src/transports/docker-daemon/transport.ts';
import { locate, transportOf } from '../../../src/transports/locate.ts';
import { startEngine } from '../../helpers/engine.ts';
import { placesIn } from '../../helpers/pipes.ts';
import { tempDir } from '../../helpers/temp.ts';

interface Archive {
  readonly file: string;
  readonly program: string;
  readonly images: readonly { readonly names: readonly string[]; readonly config: string }[] | null;
  readonly manifests: readonly string[] | null;
}

const FOLDER = join(import.meta.dirname, '../../vectors/archives');
const ARCHIVES = JSON.parse(readFileSync(join(FOLDER, 'archives.json'), 'utf8')) as Archive[];
const contentOf = ({ file }: Archive): Buffer => gunzipSync(readFileSync(join(FOLDER, file)));

/** The configuration's digest of an image whose content is all there and whole. */
async function configOf(store: ReadStore, ref: string | undefined): Promise<string> {
  let manifest = await fetchManifest(store, await store.resolve(ref));
  if (manifest.kind === 'index') {
    const amd64 = { os: 'linux', architecture: 'amd64' };
    const found = await selectPlatform(openPlatformIndex(store, manifest), amd64);
    if (found === undefined) throw new Error('no image for linux/amd64');
    manifest = found.chosen.manifest;
  }
  if (manifest.kind !== 'image') throw new Error('no image');
  for (const part of [manifest.config, ...manifest.layers]) await fetchAll(store, part);
  return manifest.config.digest;
}

describe.each(ARCHIVES)('$file', (archive) => {
  it.runIf(archive.images !== null)(
    'gives each image under its names and by its index',
    async () => {
      await using dir = await tempDir();
      const plain = dir.join('plain.tar');
      await writeFile(plain, contentOf(archive));
      for (const path of [plain, join(FOLDER, archive.file)]) {
        for (const [at, { names, config }] of (archive.images ?? []).entries()) {
          for (const ref of [...names, `@${at}`]) {
            const location = locate(`docker-archive:${path}:${ref}`);
            await using store = await transportOf(location).openRead(location, placesIn(dir.path));
            // A compressed one passes once: its layers are read again from the file.
            expect(await configOf(store, location.ref), ref).toBe(config);
          }
        }
      }
    },
  );

  it.runIf(archive.manifests !== null)('keeps its manifests as an OCI layout', async () => {
    await using dir = await tempDir();
    const location = locate(`oci-archive:${join(FOLDER, archive.file)}`);
    await using store = await transportOf(location).openRead(location, placesIn(dir.path));
    for (const digest of archive.manifests ?? [])
      expect((await store.resolve(digest)).digest).toBe(digest);
  });
});

describe('docker-daemon: reads what these programs save', () => {
  const saved = ARCHIVES.filter(({ file }) => /^(?:docker20|docker29|podman)-one/u.test(file));
  it.each(saved)('$file', async (archive) => {
    await using dir = await tempDir();
    await using engine = await startEngine({
      script: (line, _request, response) => {
        if (line.endsWith('/json')) response.end('{"Id":"sha256:0","RepoDigests":[]}');
        else if (line.endsWith('/get')) response.end(contentOf(archive));
        else return false;
        return true;
      },
    });
    const location = dockerDaemonTransport.parse('example.test/app:1');
    const context = placesIn(dir.path, { engines: engine.context });
    await using store = await dockerDaemonTransport.openRead(location, context);
    expect(await configOf(store, undefined)).toBe(archive.images?.[0]?.config);
    const { digest, mediaType } = await store.resolve(undefined);
    // containerd's image store has the manifest itself; any other engine none.
    if (archive.manifests === null) expect(mediaType).toContain('docker');
    else expect([digest]).toEqual(archive.manifests);
  });
});
