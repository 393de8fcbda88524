import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import { digestOf, type Digest } from '../../src/oci/digest.ts';
import { MEDIA_TYPE } from '../../src/oci/media-types.ts';
import { createMemoryStorage } from '../../src/server/storage/memory.ts';
import {
  startRegistryServer,
  type RegistryServer,
  type RegistryServerOptions,
} from '../../src/server/server.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly json: unknown;
}

export interface Sent {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  /** Sends the body chunked, without Content-Length. */
  readonly chunked?: boolean;
}

export type Send = (method: string, path: string, sent?: Sent) => Promise<Answer>;

/** Sends the path exactly as given: no normalisation hides a traversal from the server. */
export function clientOf(server: RegistryServer): Send {
  return (method, path, sent = {}) =>
    new Promise((resolve, reject) => {
      const body = Buffer.from(sent.body ?? '');
      const length =
        sent.chunked === true || (body.byteLength === 0 && method === 'GET')
          ? {}
          : { 'content-length': String(body.byteLength) };
      const { hostname, port } = server.url;
      const headers = { ...length, ...sent.headers };
      const request = httpRequest({ method, hostname, port, path, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const data = Buffer.concat(chunks);
          const isJson = (response.headers['content-type'] ?? '').includes('json');
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: data,
            json: isJson && data.byteLength > 0 ? JSON.parse(data.toString()) : undefined,
          });
        });
      });
      request.on('error', reject);
      if (sent.chunked === true) request.write(body);
      request.end(sent.chunked === true ? undefined : body);
    });
}

export async function startServer(
  options: Partial<RegistryServerOptions> = {},
): Promise<{ server: RegistryServer; send: Send }> {
  const server = await startRegistryServer({ storage: createMemoryStorage(), ...options });
  return { server, send: clientOf(server) };
}

export async function pushBlob(send: Send, name: string, data: Uint8Array): Promise<Digest> {
  const digest = digestOf(data);
  const answer = await send('POST', `/v2/${name}/blobs/uploads/?digest=${digest}`, { body: data });
  if (answer.status !== 201) throw new Error(`blob: ${answer.status} ${answer.body.toString()}`);
  return digest;
}

export interface Artifact {
  readonly digest: Digest;
  readonly raw: Buffer;
  readonly mediaType: string;
}

/** An image manifest over blobs that `pushBlob` has stored. */
export function imageManifest(config: Uint8Array, extra: object = {}): Artifact {
  return artifact({
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociManifest,
    config: {
      mediaType: 'application/vnd.test.config+json',
      digest: digestOf(config),
      size: config.byteLength,
    },
    layers: [],
    ...extra,
  });
}

export function artifact(value: {
  readonly mediaType: string;
  readonly [field: string]: unknown;
}): Artifact {
  const raw = Buffer.from(JSON.stringify(value));
  return { digest: digestOf(raw), raw, mediaType: value.mediaType };
}

export function putManifest(
  send: Send,
  name: string,
  reference: string,
  one: Artifact,
): Promise<Answer> {
  return send('PUT', `/v2/${name}/manifests/${reference}`, {
    headers: { 'content-type': one.mediaType },
    body: one.raw,
  });
}

/** Resolves when the connection has ended, in whatever way. */
export function ended(socket: Socket): Promise<void> {
  socket.on('error', () => {});
  return new Promise((resolve) => {
    socket.once('close', () => resolve());
  });
}

/** The first error code of a body in the spec's form. */
export function codeOf(answer: Answer): string | undefined {
  return (answer.json as { errors?: { code: string }[] } | undefined)?.errors?.[0]?.code;
}
