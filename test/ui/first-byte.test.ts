import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { expect, it, onTestFinished } from 'vitest';
import { startUiServer } from '../../src/ui/server.ts';
import type { UiSources } from '../../src/ui/types.ts';
import { makeImage } from '../helpers/images.ts';
import { startPages } from './browser.ts';

const TAGS = 5_000;
/** Tags that a registry of ours takes with one manifest. */
const TAGS_AT_ONCE = 32;

/** Sources whose rows wait at `gate`. */
const rowsAfter = (gate: Promise<void>, sources: UiSources): UiSources => ({
  ...sources,
  async openRead(location, options) {
    const store = await sources.openRead(location, options);
    return {
      label: store.label,
      capabilities: store.capabilities,
      resolve: async (ref, call) => {
        await gate;
        return store.resolve(ref, call);
      },
      has: (descriptor, call) => store.has(descriptor, call),
      fetch: (descriptor, call) => store.fetch(descriptor, call),
      [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
    };
  },
});

async function ask(url: string, cookie = ''): Promise<IncomingMessage> {
  const request = get(url, { headers: { cookie } });
  const [answer] = (await once(request, 'response')) as [IncomingMessage];
  return answer;
}

it('of 5,000 tags, the page begins before any row is read, and takes 21 requests', async ({
  annotate,
}) => {
  await using own = await startPages();
  const image = await makeImage({ layers: 1 });
  const tags = Array.from({ length: TAGS }, (_, i) => `v1.${i}`);
  await own.push('app', ['v1.0'], image);
  for (let i = 0; i < TAGS; i += TAGS_AT_ONCE) {
    await own.putTags('app', image, tags.slice(i, i + TAGS_AT_ONCE));
  }
  const gate = Promise.withResolvers<void>();
  const bugs: unknown[] = [];
  await using server = await startUiServer({
    sources: rowsAfter(gate.promise, own.sources),
    port: 0,
    hostPlatform: { os: 'linux', architecture: 'amd64' },
    concurrency: 4,
    now: () => new Date(),
    allowDelete: false,
    onBug: (error) => bugs.push(error),
    onAddress: () => undefined,
  });
  onTestFinished(() => gate.resolve());
  const login = await ask(server.firstAddress);
  login.resume();
  const cookie = login.headers['set-cookie']?.[0]?.split(';')[0] ?? '';
  own.requests();

  const start = performance.now();
  const cpu = process.cpuUsage();
  const answer = await ask(`${server.origin}/tags?repository=reg.example/app`, cookie);
  const chunks = answer.setEncoding('utf8')[Symbol.asyncIterator]();
  const first = String((await chunks.next()).value);
  const { user, system } = process.cpuUsage(cpu);
  const ms = [performance.now() - start, (user + system) / 1000].map((one) => one.toFixed(0));
  await annotate(`first byte after ${ms.join(' ms, CPU ')} ms, with the registry's`);
  expect(first).toContain('Tags <span class="count">5000</span>');
  expect(first).toContain('<form method="get" action="/tags"');
  const before = own.requests();
  expect(new Set(before)).toEqual(new Set(['GET /v2/app/tags/list']));

  gate.resolve();
  let rest = '';
  for (let part = await chunks.next(); part.done !== true; part = await chunks.next()) {
    rest += String(part.value);
  }
  // Five pages of the list leave sixteen requests.
  expect(rest).toContain('5000 of 5000 tags, 16 of 5000 read');
  expect(rest).toContain('</html>');
  expect(before.length + own.requests().length).toBeLessThanOrEqual(21);
  expect(bugs).toEqual([]);
});
