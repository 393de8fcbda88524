// Two registries of distribution v3, each over plain HTTP and over TLS with the same storage.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { find } from './find.mjs';
import { freePort, untilListening } from './registry.mjs';

/** @returns {Promise<{plain, tls, stop: () => Promise<void>}>} */
export async function startV3(dir) {
  const program = find('distribution');
  if (program === undefined) throw new Error('distribution is not there: npm run peers builds it');
  const certificate = makeCertificate(dir);
  const started = [];
  const start = async (name, tls) => {
    const storage = join(dir, `v3-${name}`);
    await mkdir(storage, { recursive: true });
    const port = await freePort();
    const file = join(dir, `v3-${name}-${tls === undefined ? 'plain' : 'tls'}.json`);
    const config = {
      version: 0.1,
      log: { level: 'error', accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: storage } },
      http: { addr: `127.0.0.1:${port}`, ...(tls === undefined ? {} : { tls }) },
    };
    // JSON is YAML.
    await writeFile(file, JSON.stringify(config));
    const child = spawn(program, ['serve', file], { stdio: 'ignore' });
    started.push({ child, ended: once(child, 'exit') });
    await untilListening(port, () => child.exitCode !== null);
    return { host: `127.0.0.1:${port}` };
  };
  const pair = async (tls) => ({
    source: await start('source', tls),
    destination: await start('destination', tls),
  });
  return {
    plain: await pair(),
    tls: await pair(certificate),
    async stop() {
      for (const { child } of started) child.kill('SIGKILL');
      await Promise.all(started.map(({ ended }) => ended));
    },
  };
}

function makeCertificate(dir) {
  const [certificate, key] = [join(dir, 'v3.crt'), join(dir, 'v3.key')];
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const out = ['-keyout', key, '-out', certificate, '-days', '2'];
  execFileSync('openssl', ['req', ...kind, ...name, ...out], { stdio: 'ignore' });
  return { certificate, key };
}
