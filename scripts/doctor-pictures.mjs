// Draws the pictures of docs/doctor.md from runs against the embedded registry. Needs openssl.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { hashSync } from 'bcryptjs';
import { onTerminal, toSvg } from './screenshot.mjs';

const ROOT = join(import.meta.dirname, '..');
const BIN = join(ROOT, 'bin/regctl.js');
const PORT = 5443;
const HOST = `localhost:${PORT}`;

const dir = mkdtempSync(join(tmpdir(), 'regctl-pictures-'));
const home = join(dir, 'home');
const at = (...parts) => join(dir, ...parts);

function openssl(...args) {
  const done = spawnSync('openssl', args, { encoding: 'utf8', cwd: dir });
  if (done.status !== 0) throw new Error(`openssl: ${done.stderr}`);
}

function makeCertificates() {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const ca = ['-subj', '/CN=Corp Root CA/O=Example Corp', '-keyout', 'ca.key', '-out', 'ca.crt'];
  openssl('req', '-x509', ...key, '-days', '900', ...ca);
  openssl('req', ...key, '-subj', '/CN=localhost', '-keyout', 's.key', '-out', 's.csr');
  writeFileSync(at('ext'), 'subjectAltName=DNS:localhost\n');
  const signed = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'ext'];
  openssl('x509', '-req', '-days', '90', '-in', 's.csr', ...signed, '-out', 's.crt');
}

/** Creates a home directory with a login and, if `trust` is set, the CA certificate. */
function furnish({ trust, mode, mirror }) {
  rmSync(home, { recursive: true, force: true });
  const certs = join(home, '.config/containers/certs.d', HOST);
  mkdirSync(join(home, '.docker'), { recursive: true });
  mkdirSync(trust ? certs : join(home, '.config/containers'), { recursive: true });
  if (trust) copyFileSync(at('ca.crt'), join(certs, 'ca.crt'));
  const config = join(home, '.docker/config.json');
  const auth = Buffer.from('ann:secret').toString('base64');
  writeFileSync(config, JSON.stringify({ auths: { [HOST]: { auth } } }));
  chmodSync(config, mode);
  const mirrors = mirror === undefined ? '' : `[[registry.mirror]]\nlocation = "${mirror}"\n`;
  const conf = `[[registry]]\nprefix = "${HOST}"\n${mirrors}`;
  writeFileSync(join(home, '.config/containers/registries.conf'), conf);
}

function photograph(name, ...args) {
  const env = { PATH: process.env.PATH, HOME: home, LANG: 'C.UTF-8' };
  const output = onTerminal([process.execPath, BIN, ...args], env);
  writeFileSync(join(ROOT, 'docs', name), toSvg(`regctl ${args.join(' ')}`, output));
}

async function untilListening() {
  for (let tries = 0; tries < 100; tries += 1) {
    const socket = connect(PORT, '127.0.0.1');
    const open = await new Promise((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    });
    socket.destroy();
    if (open) return;
    await delay(50);
  }
  throw new Error(`nothing listens on ${HOST}`);
}

makeCertificates();
writeFileSync(at('htpasswd'), `ann:${hashSync('secret', 4)}\n`);
const tls = ['--tls-cert', at('s.crt'), '--tls-key', at('s.key')];
const server = spawn(
  process.execPath,
  [BIN, 'serve', '--listen', `127.0.0.1:${PORT}`, ...tls, '--htpasswd', at('htpasswd')],
  { stdio: 'ignore' },
);
try {
  await untilListening();
  furnish({ trust: true, mode: 0o600 });
  photograph('doctor-healthy.svg', 'doctor', HOST);
  furnish({ trust: false, mode: 0o644, mirror: 'mirror.invalid' });
  photograph('doctor-broken.svg', 'doctor', HOST);
} finally {
  server.kill();
  rmSync(dir, { recursive: true, force: true });
}
