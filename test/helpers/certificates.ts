import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Certificates extends AsyncDisposable {
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/**
 * A throw-away CA and a certificate for localhost, 127.0.0.1 and `names` signed by it, made with
 * openssl.
 */
export async function makeCertificates(...names: readonly string[]): Promise<Certificates> {
  const dir = await mkdtemp(join(tmpdir(), 'regctl-certs-'));
  const file = (name: string): string => join(dir, name);
  const openssl = (...args: string[]): void => {
    const done = spawnSync('openssl', args, { encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`openssl ${args.join(' ')}: ${done.stderr}`);
  };
  // An RSA key takes half a second of CPU time to make.
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-days',
    '2',
    '-subj',
    '/CN=regctl test CA',
    '-keyout',
    file('ca.key'),
    '-out',
    file('ca.crt'),
  );
  openssl(
    'req',
    ...newKey,
    '-subj',
    '/CN=localhost',
    '-keyout',
    file('server.key'),
    '-out',
    file('server.csr'),
  );
  const dns = names.map((name) => `,DNS:${name}`).join('');
  await writeFile(file('ext'), `subjectAltName=DNS:localhost,IP:127.0.0.1${dns}\n`);
  openssl(
    'x509',
    '-req',
    '-days',
    '2',
    '-in',
    file('server.csr'),
    '-CA',
    file('ca.crt'),
    '-CAkey',
    file('ca.key'),
    '-CAcreateserial',
    '-extfile',
    file('ext'),
    '-out',
    file('server.crt'),
  );
  const read = (name: string): Promise<string> => readFile(file(name), 'utf8');
  return {
    caFile: file('ca.crt'),
    certFile: file('server.crt'),
    keyFile: file('server.key'),
    ca: await read('ca.crt'),
    cert: await read('server.crt'),
    key: await read('server.key'),
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
  };
}
