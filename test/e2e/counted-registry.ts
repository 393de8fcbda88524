import type { Certificates } from '../helpers/certificates.ts';
import { startCountingProxy, type CountingProxy } from '../helpers/counting-proxy.ts';
import { startDockerRegistry, type DockerRegistry } from '../helpers/docker-registry.ts';
import { pushImage, type TestImage } from '../helpers/images.ts';
import { startTokenServer, type TokenServer } from '../helpers/token-server.ts';

/** A Bearer registry whose every request, tokens included, is counted. */
export interface Counted extends AsyncDisposable {
  readonly host: string;
  readonly proxy: CountingProxy;
  push(repository: string, tags: readonly string[], image: TestImage): Promise<void>;
  /** Counts from here. */
  reset(): void;
  count(): number;
  list(): readonly string[];
}

export async function startCounted(certificates: Certificates): Promise<Counted> {
  const token: TokenServer = await startTokenServer({ ...certificates, users: { ann: 'secret' } });
  const registry: DockerRegistry = await startDockerRegistry({
    token: { ...token, certFile: certificates.certFile },
  });
  const proxy = await startCountingProxy(registry);
  let tokensBefore = 0;
  return {
    host: proxy.host,
    proxy,
    async push(repository, tags, image) {
      const query = `service=${token.service}&scope=repository:${repository}:pull,push`;
      const answer = await fetch(`${token.realm}?${query}`, {
        headers: { authorization: `Basic ${Buffer.from('ann:secret').toString('base64')}` },
      });
      const { token: bearer } = (await answer.json()) as { token: string };
      await pushImage(proxy.origin, repository, tags, image, { authorization: `Bearer ${bearer}` });
    },
    reset() {
      proxy.lines.length = 0;
      tokensBefore = token.lines.length;
    },
    count: () => proxy.lines.length + token.lines.length - tokensBefore,
    list: () => [...proxy.lines, ...token.lines.slice(tokensBefore)],
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await registry[Symbol.asyncDispose]();
      await token[Symbol.asyncDispose]();
    },
  };
}
