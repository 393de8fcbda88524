import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { parseRawHeaders } from '../../src/http/headers.ts';
import type { HttpClient } from '../../src/http/types.ts';
import { createRegistryClient } from '../../src/registry/client.ts';
import { startRegistryServer } from '../../src/server/server.ts';
import { createMemoryStorage } from '../../src/server/storage/memory.ts';
import type { Storage } from '../../src/server/storage/types.ts';
import type { WriteStore } from '../../src/store/types.ts';
import { createRegistryStore } from '../../src/transports/docker/store.ts';

export interface Embedded extends AsyncDisposable {
  readonly storage: Storage;
  /** A repository of it as a store, over HTTP. */
  store(name: string): WriteStore;
}

/** The embedded registry, with the registry client in front of it and no policy between. */
export async function startEmbedded(): Promise<Embedded> {
  const storage = createMemoryStorage();
  const server = await startRegistryServer({ storage });
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const client = createRegistryClient({
    request: keptAlive(agent),
    endpoint: async () => server.url,
    warn: () => undefined,
  });
  return {
    storage,
    store: (name) =>
      createRegistryStore(
        client.repository({ registry: 'reg.example', repository: name, access: 'delete' }),
      ),
    async [Symbol.asyncDispose]() {
      agent.destroy();
      await server.close();
    },
  };
}

/** No redirects, retries or authentication; bodies are manifests. */
function keptAlive(agent: Agent): HttpClient {
  return async (request) => {
    const chunks: Uint8Array[] = [];
    if (request.body !== undefined) {
      for await (const chunk of await request.body.open()) chunks.push(chunk);
    }
    const body = Buffer.concat(chunks);
    const message = await new Promise<IncomingMessage>((resolve, reject) => {
      const length = request.method === 'GET' ? {} : { 'content-length': String(body.length) };
      const headers = { ...request.headers, ...length };
      httpRequest(request.url, { method: request.method, headers, agent })
        .on('response', resolve)
        .on('error', reject)
        .end(body);
    });
    return {
      status: message.statusCode ?? 0,
      headers: parseRawHeaders(message.rawHeaders),
      url: request.url,
      body: message,
      discard: async () => void message.resume(),
    };
  };
}
