import { expect, it } from 'vitest';
import { tagOfName } from '../../../src/commands/transfer/tag-names.ts';
import { parseLayoutIndex, tagsOf } from '../../../src/transports/oci-layout/index-json.ts';

it.each([
  ['v1', 'v1'],
  ['app:v1', 'v1'],
  ['docker.io/library/app:v1', 'v1'],
  ['localhost:5000/app:v1', 'v1'],
  ['localhost:5000/app', 'latest'],
  ['ghcr.io/o/app', 'latest'],
  [`ghcr.io/o/app:v1@sha256:${'a'.repeat(64)}`, 'v1'],
])('the tag of the image %s is %s', (name, tag) => {
  expect(tagOfName(name)).toBe(tag);
});

it('images of a containerd export keep apart, and none is left out', () => {
  const entry = (hex: string, annotations: Record<string, string>): object => ({
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest: `sha256:${hex.repeat(64)}`,
    size: 2,
    annotations,
  });
  const ref = 'org.opencontainers.image.ref.name';
  const full = 'io.containerd.image.name';
  const manifests = [
    entry('a', { [ref]: 'v1', [full]: 'docker.io/library/app:v1' }),
    entry('b', { [ref]: 'v1', [full]: 'docker.io/library/web:v1' }),
    entry('c', { [ref]: 'v2', [full]: 'docker.io/library/app:v2' }),
    entry('d', { [full]: 'ghcr.io/o/db:v3' }),
  ];
  const json = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests }));
  expect(tagsOf(parseLayoutIndex(json, 'index.json'))).toEqual([
    'docker.io/library/app:v1',
    'docker.io/library/web:v1',
    'v2',
    'ghcr.io/o/db:v3',
  ]);
});
