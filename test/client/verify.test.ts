import { afterAll, beforeAll, expect, it } from 'vitest';
import { createClient } from '../../src/client/api/create-client.ts';
import type { VerifyCallOptions } from '../../src/client/api/attached.ts';
import { MEDIA_TYPE } from '../../src/oci/media-types.ts';
import { startRegistryServer, type RegistryServer } from '../../src/server/server.ts';
import { createMemoryStorage } from '../../src/server/storage/memory.ts';
import { EMPTY_CONFIG, sourceOf, writeReferrer } from '../../src/signing/sign/documents.ts';
import { codeOf } from '../helpers/thrown.ts';
import { contentBytes, readVectors, type Content } from '../signing/vectors.ts';

/** A keyless signature as cosign makes it, and the image that it is about. */
const { cases, contents } = readVectors('keyless.json') as {
  readonly cases: readonly { id: string; bundle: string; trustedRoot: string; asked: string }[];
  readonly contents: Readonly<Record<string, Content>>;
};
const IDENTITY = 'https://github.com/octo/app/.github/workflows/release.yml@refs/heads/main';
const ISSUER = 'https://token.actions.githubusercontent.com';

let registry: RegistryServer;
let image: string;
let trustedRoot: string;

const newClient = () =>
  createClient({ machine: { env: { REGCTL_CACHE: 'off' }, home: undefined } });

beforeAll(async () => {
  const good = cases.find(({ id }) => id === 'good');
  if (good === undefined) throw new Error('no case');
  registry = await startRegistryServer({ storage: createMemoryStorage() });
  trustedRoot = contentBytes(contents[good.trustedRoot]).toString();
  image = `${registry.host}/app:1`;
  const manifest = contentBytes(contents[good.asked]);
  const subject = sourceOf(MEDIA_TYPE.ociManifest, manifest);
  const bundle = sourceOf(
    'application/vnd.dev.sigstore.bundle.v0.3+json',
    contentBytes(contents[good.bundle]),
  );
  const referrer = writeReferrer(bundle.descriptor, subject.descriptor, {
    predicateType: 'https://sigstore.dev/cosign/sign/v1',
    created: '2026-01-01T00:00:00Z',
  });
  const blobs = Object.entries(contents)
    .filter(([name]) => name.startsWith('sha256:') && name !== good.asked)
    .map(([, content]) => sourceOf('application/octet-stream', contentBytes(content)));
  await using client = newClient();
  await using store = await client.openWrite(image);
  for (const blob of [...blobs, bundle, EMPTY_CONFIG]) await store.push(blob);
  await store.push(subject, { tag: '1' });
  await store.push(sourceOf(MEDIA_TYPE.ociManifest, referrer));
  await store.commit();
});
afterAll(() => registry[Symbol.asyncDispose]());

const verify = async (options: VerifyCallOptions) => {
  await using client = newClient();
  return await client.verify(image, options);
};
const by = (exact: string, issuer = ISSUER) => [{ identity: { exact }, issuer: { exact: issuer } }];

it('counts the certificate of an identity under a trusted root', async () => {
  const [verdict] = await verify({ identities: by(IDENTITY), trustedRoot });
  expect(verdict?.signer?.name).toBe(`${IDENTITY} (${ISSUER})`);
  const patterns = [{ identity: { regexp: '/octo/app/' }, issuer: { regexp: '^https://token' } }];
  expect(await verify({ identities: patterns, trustedRoot })).toHaveLength(1);
  // One of several suffices.
  const several = [...by('someone@example.com'), ...by(IDENTITY)];
  expect(await verify({ identities: several, trustedRoot })).toHaveLength(1);
});

it.each([
  ['another identity', by('someone@example.com')],
  ['another issuer', by(IDENTITY, 'https://accounts.example.com')],
])('%s does not count', async (_name, identities) => {
  expect(await codeOf(verify({ identities, trustedRoot }))).toBe('POLICY_REJECTED');
});

it('another root does not count, and a damaged one is refused', async () => {
  const identities = by(IDENTITY);
  const other = contentBytes(contents['other-ca.root.json']).toString();
  expect(await codeOf(verify({ identities, trustedRoot: other }))).toBe('POLICY_REJECTED');
  expect(await codeOf(verify({ identities, trustedRoot: '{}' }))).toBe('CONFIG_INVALID');
});

it('needs to know whose signature counts', async () => {
  expect(await codeOf(verify({}))).toBe('USAGE');
  expect(await codeOf(verify({ keys: [] }))).toBe('USAGE');
  expect(await codeOf(verify({ identities: by(IDENTITY) }))).toBe('USAGE');
  const half = [{ identity: { exact: IDENTITY }, issuer: {} }];
  expect(await codeOf(verify({ identities: half, trustedRoot }))).toBe('USAGE');
});
