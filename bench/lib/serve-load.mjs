// Pushes and pulls of bench/serve.mjs, by a client that costs the same for every registry.
import { createHash, randomBytes } from 'node:crypto';
import { Agent, request } from 'node:http';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip';
const digestOf = (data) => `sha256:${createHash('sha256').update(data).digest('hex')}`;

export function makeImages(count, layers, size) {
  return Array.from({ length: count }, (_, number) => {
    const blobs = Array.from({ length: layers }, () => randomBytes(size));
    const config = Buffer.from(JSON.stringify({ number, at: randomBytes(8).toString('hex') }));
    const entry = (data, mediaType) => ({ mediaType, digest: digestOf(data), size: data.length });
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: MANIFEST,
        config: entry(config, 'application/vnd.oci.image.config.v1+json'),
        layers: blobs.map((data) => entry(data, LAYER)),
      }),
    );
    return {
      name: `bench/${number}`,
      blobs: [config, ...blobs].map((data) => ({ data, digest: digestOf(data) })),
      manifest,
    };
  });
}

function send(agent, method, url, { headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const length =
      body === undefined && method === 'GET' ? {} : { 'content-length': body?.length ?? 0 };
    const sent = request(url, { method, agent, headers: { ...length, ...headers } }, (response) => {
      let bytes = 0;
      response.on('data', (chunk) => (bytes += chunk.length));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode, headers: response.headers, bytes }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

async function must(status, agent, method, url, options) {
  const answer = await send(agent, method, url, options);
  if (answer.status !== status) throw new Error(`${method} ${url}: ${answer.status}`);
  return answer;
}

/** As docker pushes: HEAD, POST, PATCH, PUT. */
async function push(agent, base, { name, blobs, manifest }) {
  for (const { data, digest } of blobs) {
    await must(404, agent, 'HEAD', `${base}/v2/${name}/blobs/${digest}`);
    const { headers } = await must(202, agent, 'POST', `${base}/v2/${name}/blobs/uploads/`);
    const patched = await must(202, agent, 'PATCH', new URL(headers.location, base), {
      body: data,
    });
    const end = new URL(patched.headers.location, base);
    end.searchParams.set('digest', digest);
    await must(201, agent, 'PUT', end);
  }
  const headers = { 'content-type': MANIFEST };
  await must(201, agent, 'PUT', `${base}/v2/${name}/manifests/v1`, { headers, body: manifest });
}

async function pull(agent, base, { name, blobs }) {
  await must(200, agent, 'GET', `${base}/v2/${name}/manifests/v1`, {
    headers: { accept: MANIFEST },
  });
  for (const { data, digest } of blobs) {
    const { bytes } = await must(200, agent, 'GET', `${base}/v2/${name}/blobs/${digest}`);
    if (bytes !== data.length) throw new Error(`${digest}: ${bytes} bytes`);
  }
}

async function timed(images, work) {
  const begun = performance.now();
  const each = await Promise.all(
    images.map(async (image) => {
      await work(image);
      return (performance.now() - begun) / 1000;
    }),
  );
  return { total: (performance.now() - begun) / 1000, each };
}

/** Seconds of all pushes and pulls together and of each, and what they cost the registry. */
export async function load(base, images, usage) {
  const agent = new Agent({ keepAlive: true, maxSockets: images.length });
  try {
    const pushed = await timed(images, (image) => push(agent, base, image));
    const pulled = await timed(images, (image) => pull(agent, base, image));
    return { push: pushed, pull: pulled, ...usage() };
  } finally {
    agent.destroy();
  }
}
