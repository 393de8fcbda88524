// Makes a small, real multi-platform image as an OCI layout (image-spec v1.1.1).
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';

const PLATFORMS = [
  { os: 'linux', architecture: 'amd64' },
  { os: 'linux', architecture: 'arm64', variant: 'v8' },
  { os: 'linux', architecture: 'arm', variant: 'v7' },
];
const CREATED = '2026-01-01T00:00:00Z';

const sha256 = (data) => `sha256:${createHash('sha256').update(data).digest('hex')}`;

async function tarOf(files) {
  const tar = pack();
  for (const [name, text] of Object.entries(files)) {
    tar.entry({ name, mode: 0o755, mtime: new Date(CREATED) }, text);
  }
  tar.finalize();
  const chunks = [];
  for await (const chunk of tar) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Writes the layout to `dir` under `tag`; resolves to the digest of its index. */
export async function makeSampleImage(dir, tag, created = CREATED) {
  mkdirSync(join(dir, 'blobs', 'sha256'), { recursive: true });
  const put = (mediaType, data) => {
    const digest = sha256(data);
    writeFileSync(join(dir, 'blobs', 'sha256', digest.slice('sha256:'.length)), data);
    return { mediaType, digest, size: data.length };
  };
  const putJson = (mediaType, value) => put(mediaType, Buffer.from(JSON.stringify(value)));
  const oci = (name) => `application/vnd.oci.image.${name}`;

  const shared = await tarOf({ 'etc/greeting': 'Hello from regctl\n'.repeat(2000) });
  const manifests = [];
  for (const platform of PLATFORMS) {
    const own = await tarOf({
      'bin/hello': `#!/bin/sh\n# ${platform.architecture}\ncat /etc/greeting\n`,
    });
    const layers = [shared, own].map((tar) => put(oci('layer.v1.tar+gzip'), gzipSync(tar)));
    const config = putJson(oci('config.v1+json'), {
      created,
      ...platform,
      config: {
        Env: ['PATH=/bin', 'LANG=C.UTF-8'],
        Entrypoint: ['/bin/hello'],
        Labels: { 'org.opencontainers.image.title': 'hello' },
      },
      rootfs: { type: 'layers', diff_ids: [shared, own].map(sha256) },
      history: [
        { created, created_by: 'ADD etc/greeting' },
        { created, created_by: 'ADD bin/hello' },
      ],
    });
    const manifest = { schemaVersion: 2, mediaType: oci('manifest.v1+json'), config, layers };
    manifests.push({ ...putJson(manifest.mediaType, manifest), platform });
  }
  const index = { schemaVersion: 2, mediaType: oci('index.v1+json'), manifests };
  const root = putJson(index.mediaType, index);
  const annotations = { 'org.opencontainers.image.ref.name': tag };
  writeFileSync(join(dir, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(
    join(dir, 'index.json'),
    JSON.stringify({ schemaVersion: 2, manifests: [{ ...root, annotations }] }),
  );
  return root.digest;
}
