import { startRegistryServer } from '../../../src/server/server.ts';
import { createMemoryStorage } from '../../../src/server/storage/memory.ts';
import { makeImage, makeIndex, pushImage, type TestImage } from '../../helpers/images.ts';

/** Images of quay.io that the tests of skopeo name, as far as they look at them. */
const IMAGES: readonly (readonly [string, string, () => Promise<TestImage>])[] = [
  ['libpod/busybox', 'latest', () => makeImage({ flavour: 'docker', layers: 1 })],
  ['libpod/alpine', 'latest', () => makeImage({ flavour: 'docker' })],
  [
    'libpod/alpine_labels',
    'latest',
    () =>
      makeImage({
        flavour: 'docker',
        created: '2026-01-02T03:04:05.678Z',
        labels: { PODMAN: 'podman' },
        config: { docker_version: '20.10.24' },
      }),
  ],
  [
    'libpod/fedora',
    '31',
    () => makeImage({ config: { config: { Env: ['FGC=f31', 'DISTTAG=f31container'] } } }),
  ],
  [
    'libpod/notmyarch',
    '20210121',
    () =>
      makeIndex({
        flavour: 'docker',
        platforms: [{ os: 'amigaos', architecture: 'mc68000', variant: '1000' }],
      }),
  ],
  ['fedora/fedora', 'latest', () => makeImage()],
];

/** A registry in the place of quay.io. */
export async function startQuay(): ReturnType<typeof startRegistryServer> {
  const server = await startRegistryServer({ storage: createMemoryStorage() });
  for (const [repository, tag, make] of IMAGES) {
    await pushImage(`http://${server.host}`, repository, [tag], await make());
  }
  return server;
}
