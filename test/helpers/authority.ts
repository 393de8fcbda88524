import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tempDir } from './temp.ts';

export interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** A throw-away CA, "CN=Canary CA", that signs whatever a test wants. */
export interface Authority extends AsyncDisposable {
  readonly ca: string;
  readonly caFile: string;
  /** `from`, `to`: days from now; default a valid one. */
  issue(wanted: {
    readonly cn: string;
    readonly names: readonly string[];
    readonly from?: number;
    readonly to?: number;
  }): Pair;
  selfSigned(name: string, algorithm?: 'ec' | 'rsa'): Pair;
}

const DAY_MS = 86_400_000;

export async function makeAuthority(): Promise<Authority> {
  const dir = await tempDir();
  const openssl = (...args: string[]): void => {
    const done = spawnSync('openssl', args, { encoding: 'utf8', cwd: dir.path });
    if (done.status !== 0) throw new Error(`openssl ${args.join(' ')}: ${done.stderr}`);
  };
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const newRsaKey = ['-newkey', 'rsa:2048', '-nodes'];
  const read = (name: string): string => readFileSync(join(dir.path, name), 'utf8');
  const root = ['req', '-x509', '-days', '2'];
  openssl(...root, ...newKey, '-subj', '/CN=Canary CA', '-keyout', 'ca.key', '-out', 'ca.crt');
  writeFileSync(
    join(dir.path, 'ca.cnf'),
    [
      '[ca]\ndefault_ca=x',
      '[x]\ndatabase=index\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\npolicy=p',
      'certificate=ca.crt\nprivate_key=ca.key\nunique_subject=no\nrand_serial=yes',
      '[p]\ncommonName=supplied\n',
    ].join('\n'),
  );
  writeFileSync(join(dir.path, 'index'), '');
  return {
    ca: read('ca.crt'),
    caFile: join(dir.path, 'ca.crt'),
    issue({ cn, names, from = -1, to = 2 }) {
      openssl('req', ...newKey, '-subj', `/CN=${cn}`, '-keyout', 'one.key', '-out', 'one.csr');
      const list = names.map((name) => `DNS:${name}`).join(',');
      writeFileSync(join(dir.path, 'ext'), list === '' ? '' : `subjectAltName=${list}\n`);
      const dates = ['-startdate', asn1(from), '-enddate', asn1(to)];
      const files = ['-in', 'one.csr', '-out', 'one.crt', '-extfile', 'ext'];
      openssl('ca', '-batch', '-notext', '-config', 'ca.cnf', ...dates, ...files);
      return { cert: read('one.crt'), key: read('one.key') };
    },
    selfSigned(name, algorithm = 'ec') {
      const files = ['-keyout', 'self.key', '-out', 'self.crt'];
      const key = algorithm === 'rsa' ? newRsaKey : newKey;
      const names = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`];
      openssl(...root, ...key, ...names, ...files);
      return { cert: read('self.crt'), key: read('self.key') };
    },
    [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose](),
  };
}

/** GeneralizedTime, `days` from now. */
function asn1(days: number): string {
  const iso = new Date(Date.now() + days * DAY_MS).toISOString();
  return iso.replace(/[-:T]|\.\d+/gu, '');
}
