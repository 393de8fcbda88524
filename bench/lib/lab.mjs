// Two registries, with and without a latency in front, and a machine of their own for the tools.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PASSWORD, startProxy, USER } from './proxy.mjs';
import { startRegistry } from './registry.mjs';
import { startV3 } from './v3.mjs';

export const DELAY_MS = 30;

export async function startLab() {
  const dir = await mkdtemp(join(process.env.BENCH_TMP ?? tmpdir(), 'regctl-bench-'));
  const [source, destination] = await Promise.all([
    startRegistry(join(dir, 'registry-a')),
    startRegistry(join(dir, 'registry-b')),
  ]);
  const [near, far] = await Promise.all(
    [source, destination].map((target) => startProxy({ target, delayMs: DELAY_MS })),
  );
  const home = join(dir, 'home');
  const config = join(home, '.docker');
  await mkdir(config, { recursive: true });
  const auth = Buffer.from(`${USER}:${PASSWORD}`).toString('base64');
  const auths = { [near.host]: { auth }, [far.host]: { auth } };
  await writeFile(join(config, 'config.json'), JSON.stringify({ auths }));
  const env = {
    PATH: process.env.PATH,
    HOME: home,
    DOCKER_CONFIG: config,
    REGISTRY_AUTH_FILE: join(config, 'config.json'),
    XDG_CACHE_HOME: join(dir, 'cache'),
    XDG_CONFIG_HOME: join(dir, 'config'),
    XDG_RUNTIME_DIR: join(dir, 'run'),
    TMPDIR: dir,
  };
  let v3;
  return {
    dir,
    env,
    /** Two registries of distribution v3, over plain HTTP and over TLS; started once asked for. */
    v3: () => (v3 ??= startV3(dir)),
    /** Where regctl keeps tokens. */
    tokens: join(dir, 'cache/regctl/tokens.json'),
    /** Without authentication or latency. */
    source,
    destination,
    /** Bearer authentication and `DELAY_MS` a request. */
    near,
    far,
    async stop() {
      await (await v3)?.stop();
      await Promise.all([near.stop(), far.stop(), source.stop(), destination.stop()]);
      await rm(dir, { recursive: true, force: true });
    },
  };
}
