// Images of random bytes, pushed straight into a registry or written as an OCI layout.
import { createHash, randomFillSync } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const TYPES = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
};

const digestOf = (bytes) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** A place that takes blobs and manifests. */
export function registryPlace(host, repository) {
  const base = `http://${host}/v2/${repository}`;
  return {
    async blob(digest, bytes) {
      const opened = await call('POST', `${base}/blobs/uploads/`, 202);
      const url = new URL(opened.headers.get('location'), base);
      url.searchParams.set('digest', digest);
      await call('PUT', url, 201, bytes, { 'content-type': 'application/octet-stream' });
    },
    async manifest(ref, type, bytes) {
      await call('PUT', `${base}/manifests/${ref}`, 201, bytes, { 'content-type': type });
    },
  };
}

async function call(method, url, status, body, headers = {}) {
  const init = { method, body, headers };
  const response = await fetch(url, init);
  await response.arrayBuffer();
  if (response.status !== status) throw new Error(`${method} ${url}: ${response.status}`);
  return response;
}

/** An OCI layout; `close` writes its index. */
export async function layoutPlace(dir) {
  const blobs = join(dir, 'blobs/sha256');
  await mkdir(blobs, { recursive: true });
  const manifests = [];
  const blob = (digest, bytes) => writeFile(join(blobs, digest.slice(7)), bytes);
  return {
    blob,
    async manifest(ref, mediaType, bytes) {
      const digest = digestOf(bytes);
      await blob(digest, bytes);
      if (ref === digest) return;
      const annotations = { 'org.opencontainers.image.ref.name': ref };
      manifests.push({ mediaType, digest, size: bytes.byteLength, annotations });
    },
    async close() {
      await writeFile(join(dir, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
      await writeFile(join(dir, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
    },
  };
}

/** gzip without compression: tools that look at the magic find what the media type says. */
function layer(size) {
  const raw = randomFillSync(Buffer.allocUnsafe(Math.max(64, size - 128)));
  return { bytes: gzipSync(raw, { level: 0 }), diffId: digestOf(raw) };
}

export async function putImage(place, ref, { layers, layerSize, architecture = 'amd64' }) {
  const written = [];
  const diffIds = [];
  for (let i = 0; i < layers; i += 1) {
    const { bytes, diffId } = layer(layerSize);
    const digest = digestOf(bytes);
    await place.blob(digest, bytes);
    written.push({ mediaType: TYPES.layer, digest, size: bytes.byteLength });
    diffIds.push(diffId);
  }
  const config = Buffer.from(
    JSON.stringify({
      architecture,
      os: 'linux',
      config: { Env: ['PATH=/bin'] },
      rootfs: { type: 'layers', diff_ids: diffIds },
    }),
  );
  await place.blob(digestOf(config), config);
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: TYPES.manifest,
      config: { mediaType: TYPES.config, digest: digestOf(config), size: config.byteLength },
      layers: written,
    }),
  );
  const digest = digestOf(manifest);
  await place.manifest(ref ?? digest, TYPES.manifest, manifest);
  return { mediaType: TYPES.manifest, digest, size: manifest.byteLength };
}

export async function putIndex(place, ref, architectures, shape) {
  const manifests = [];
  for (const architecture of architectures) {
    const child = await putImage(place, undefined, { ...shape, architecture });
    manifests.push({ ...child, platform: { os: 'linux', architecture } });
  }
  const index = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: TYPES.index, manifests }),
  );
  await place.manifest(ref, TYPES.index, index);
}
