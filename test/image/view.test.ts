import { describe, expect, it } from 'vitest';
import { openImage } from '../../src/image/view.ts';
import { MEDIA_TYPE } from '../../src/oci/media-types.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import { sourceFromBytes } from '../../src/store/verify.ts';
import { blob, configFor, image, index, store, type TestImage } from '../helpers/graphs.ts';
import { watchStore } from '../helpers/watched-store.ts';

const arm = (variant: string): TestImage => image({ config: configFor('arm', 'linux', variant) });
const amd64 = image({ config: configFor('amd64') });
const arm64 = image({ config: configFor('arm64') });
const attestation = image({ config: blob('{}', MEDIA_TYPE.ociConfig) });
const linux = (architecture: string, variant?: string) => ({
  os: 'linux',
  architecture,
  ...(variant === undefined ? {} : { variant }),
});
const host = linux('amd64');
const multi = index(
  [attestation, arm('v6'), arm('v7'), arm64, amd64],
  [
    { os: 'unknown', architecture: 'unknown' },
    linux('arm', 'v6'),
    linux('arm', 'v7'),
    linux('arm64'),
    linux('amd64'),
  ],
);

async function opened(root: TestImage) {
  const memory = createMemoryStore();
  await store(memory, root, 'v1');
  return watchStore(memory);
}

describe('the view of an image', () => {
  it('costs two manifests and one configuration for an index', async () => {
    const { store: watched, calls } = await opened(multi);
    const view = await openImage(watched, 'v1', { host });
    expect((await view.config()).architecture).toBe('amd64');
    await view.configBytes();
    expect(calls).toEqual([
      'content v1',
      `fetch ${multi.descriptor.digest}`,
      `fetch ${amd64.descriptor.digest}`,
      `fetch ${configFor('amd64').descriptor.digest}`,
    ]);
    expect(view.root.digest).toBe(multi.descriptor.digest);
    expect((await view.platforms()).map((entry) => entry.platform.architecture)).toEqual([
      'arm',
      'arm',
      'arm64',
      'amd64',
    ]);
  });

  it('costs one manifest for a single image, and its configuration when asked', async () => {
    const { store: watched, calls } = await opened(arm64);
    const view = await openImage(watched, 'v1', { host });
    expect(calls).toHaveLength(2);
    expect((await view.config()).architecture).toBe('arm64');
    expect(calls).toHaveLength(3);
    expect(await view.platforms()).toEqual([]);
  });

  it.each([
    ['the host', linux('arm64'), arm64],
    ['linux/amd64 where the host is missing', linux('riscv64'), amd64],
  ])('shows %s by default', async (_what, own, wanted) => {
    const { store: watched } = await opened(multi);
    const view = await openImage(watched, 'v1', { host: own });
    expect(view.descriptor.digest).toBe(wanted.descriptor.digest);
  });

  it('shows the first real image where neither is there', async () => {
    const { store: watched } = await opened(
      index([attestation, arm64], [{ os: 'unknown', architecture: 'unknown' }, linux('arm64')]),
    );
    const view = await openImage(watched, 'v1', { host });
    expect(view.descriptor.digest).toBe(arm64.descriptor.digest);
  });

  it('takes the highest variant where none was asked for', async () => {
    const { store: watched } = await opened(multi);
    const view = await openImage(watched, 'v1', { host, platform: linux('arm') });
    expect(view.descriptor.digest).toBe(arm('v7').descriptor.digest);
  });

  it('finds a platform in a nested index', async () => {
    const { store: watched } = await opened(index([multi]));
    const view = await openImage(watched, 'v1', { host, platform: linux('arm64') });
    expect(view.descriptor.digest).toBe(arm64.descriptor.digest);
  });

  it.each([
    ['an index', multi],
    ['a single image', amd64],
  ])('says so when %s lacks the platform asked for', async (_what, root) => {
    const { store: watched } = await opened(root);
    await expect(
      openImage(watched, 'v1', { host, platform: linux('s390x') }),
    ).rejects.toMatchObject({ code: 'PLATFORM_UNKNOWN' });
  });

  it('refuses a configuration that is no JSON object', async () => {
    const { store: watched } = await opened(
      image({ config: blob('<html>', MEDIA_TYPE.ociConfig) }),
    );
    const view = await openImage(watched, 'v1', { host });
    await expect(view.config()).rejects.toMatchObject({ code: 'INVALID_CONFIG' });
  });

  it('does not fetch a configuration above 4 MiB', async () => {
    const small = blob('{}', MEDIA_TYPE.ociConfig);
    const config = { ...small, descriptor: { ...small.descriptor, size: 5 * 1024 * 1024 } };
    const root = image({ config });
    const memory = createMemoryStore();
    await memory.push(sourceFromBytes(root.descriptor, root.data), { tag: 'v1' });
    const { store: watched, calls } = watchStore(memory);
    const view = await openImage(watched, 'v1', { host });
    await expect(view.config()).rejects.toMatchObject({ code: 'INVALID_CONFIG' });
    expect(calls).toHaveLength(2);
  });

  it('reads the members that people look at', async () => {
    const body = {
      architecture: 'amd64',
      os: 'linux',
      created: '2026-01-02T03:04:05Z',
      config: { Env: ['A=b', 7], Labels: { l: 'x' }, ExposedPorts: { '80/tcp': {} } },
      rootfs: { type: 'layers', diff_ids: ['sha256:x'] },
      history: [{ created_by: 'RUN x', empty_layer: true }, 'odd'],
    };
    const config = blob(JSON.stringify(body), MEDIA_TYPE.ociConfig);
    const { store: watched } = await opened(image({ config }));
    const view = await openImage(watched, 'v1', { host });
    expect(await view.config()).toMatchObject({
      created: body.created,
      env: ['A=b'],
      labels: { l: 'x' },
      exposedPorts: ['80/tcp'],
      diffIds: ['sha256:x'],
      history: [{ createdBy: 'RUN x', emptyLayer: true }],
    });
  });
});
