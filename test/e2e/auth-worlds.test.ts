import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCertificates, type Certificates } from '../helpers/certificates.ts';
import { run, type Finished, type RunOptions } from '../helpers/commands.ts';
import { startDockerRegistry, type DockerRegistry } from '../helpers/docker-registry.ts';
import { makeImage, writeLayout } from '../helpers/images.ts';
import { describeWith } from '../helpers/when.ts';
import { newMachine, type Machine } from './regctl.ts';

const CANARY = 'canary-5e1f0c';
const ENCODED = Buffer.from(`ann:${CANARY}`).toString('base64');

/** One person's machine and registry, with skopeo beside regctl; every output is kept. */
interface Bench extends AsyncDisposable {
  readonly machine: Machine;
  readonly host: string;
  regctl(status: number, args: readonly string[], options?: RunOptions): Promise<Finished>;
  skopeo(status: number, args: readonly string[], options?: RunOptions): Promise<Finished>;
  readonly outputs: readonly string[];
}

async function startBench(certificates: Certificates | undefined): Promise<Bench> {
  const registry: DockerRegistry = await startDockerRegistry({
    htpasswd: { username: 'ann', password: CANARY },
    ...(certificates !== undefined && { tls: certificates }),
  });
  const machine = await newMachine();
  const certs = machine.dir.join('certs');
  await mkdir(certs);
  if (certificates !== undefined) await writeFile(`${certs}/ca.crt`, certificates.ca);
  const ours = certificates === undefined ? [] : ['--cert-dir', certs];
  const theirs = certificates === undefined ? ['--tls-verify=false'] : ['--cert-dir', certs];
  const outputs: string[] = [];
  const layout = machine.dir.join('layout');
  await writeLayout(layout, { v1: await makeImage() });
  const bench: Bench = {
    machine,
    host: registry.host,
    outputs,
    async regctl(status, args, options) {
      const done = await machine.expect(
        status,
        ['--debug', ...(args[0] === 'logout' ? [] : ours), ...args],
        options,
      );
      outputs.push(done.stdout, done.stderr);
      return done;
    },
    async skopeo(status, [verb = '', ...args], options = {}) {
      const done = await run('skopeo', [verb, ...(verb === 'logout' ? [] : theirs), ...args], {
        ...options,
        env: { ...machine.env, ...options.env },
      });
      expect(done.code, `skopeo ${verb} ${args.join(' ')}\n${done.stderr}`).toBe(status);
      return done;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([registry, machine].map((one) => one[Symbol.asyncDispose]()));
    },
  };
  for (const repository of ['team/app', 'other/app']) {
    const target = `${registry.host}/${repository}:v1`;
    await bench.regctl(0, ['copy', '--creds', `ann:${CANARY}`, `oci:${layout}:v1`, target]);
  }
  return bench;
}

const password = { input: `${CANARY}\n` };
const AS_ANN = ['-u', 'ann', '--password-stdin'];

describeWith(['docker-registry', 'htpasswd', 'skopeo', 'openssl'], 'both credential worlds', () => {
  let certificates: Certificates;
  beforeAll(async () => {
    certificates = await makeCertificates();
  });
  afterAll(() => certificates[Symbol.asyncDispose]());

  describe.each(['plain HTTP', 'TLS'])('on a registry with htpasswd and %s', (kind) => {
    let bench: Bench;
    let repository: string;
    beforeAll(async () => {
      bench = await startBench(kind === 'TLS' ? certificates : undefined);
      repository = `${bench.host}/team/app`;
    });
    afterAll(() => bench[Symbol.asyncDispose]());
    const listed = (): readonly string[] => ['list-tags', `docker://${repository}`];

    it('what skopeo login stores regctl uses, and regctl logout removes', async () => {
      await bench.regctl(1, ['tags', repository]);
      await bench.skopeo(0, ['login', ...AS_ANN, bench.host], password);
      const file = bench.machine.dir.join('run/containers/auth.json');
      const used = await bench.regctl(0, ['tags', repository]);
      expect(used.stdout).toBe('v1\n');
      expect(used.stderr).toContain(`${file} answers by auths["${bench.host}"]`);
      await bench.regctl(0, ['logout', bench.host]);
      await bench.skopeo(1, listed());
      await bench.regctl(1, ['tags', repository]);
    });

    it('what regctl login stores skopeo uses, and regctl logout removes', async () => {
      await bench.regctl(0, ['login', ...AS_ANN, bench.host], password);
      const file = `${bench.machine.home}/.docker/config.json`;
      expect((await stat(file)).mode & 0o777).toBe(0o600);
      expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({
        auths: { [bench.host]: { auth: ENCODED } },
      });
      await bench.skopeo(0, listed());
      expect((await bench.skopeo(0, ['login', '--get-login', bench.host])).stdout).toBe('ann\n');
      await bench.regctl(0, ['logout', bench.host]);
      await bench.skopeo(1, listed());
    });

    it.each(['--authfile', 'REGISTRY_AUTH_FILE'])(
      'both write and read the file of %s',
      async (by) => {
        const file = bench.machine.dir.join(`${by}.json`);
        await writeFile(file, '{"keep": 1}', { mode: 0o600 });
        const flag = by === '--authfile' ? ['--authfile', file] : [];
        const env = by === '--authfile' ? {} : { REGISTRY_AUTH_FILE: file };
        const both = { ...password, env };
        const theirLogin = ['login', ...flag, ...AS_ANN, bench.host];
        await bench.regctl(0, theirLogin, both);
        expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ keep: 1 });
        await bench.skopeo(0, ['login', ...flag, '--get-login', bench.host], { env });
        await bench.skopeo(0, ['logout', ...flag, bench.host], { env });
        await bench.regctl(1, ['tags', ...flag, repository], { env });
        await bench.skopeo(0, theirLogin, both);
        await bench.regctl(0, ['tags', ...flag, repository], { env });
        await bench.regctl(1, ['tags', repository]);
        await bench.regctl(0, ['logout', ...flag, bench.host], { env });
        await bench.skopeo(1, ['login', ...flag, '--get-login', bench.host], { env });
      },
    );

    it('a login of a namespace is for that namespace alone, by either tool', async () => {
      const team = `${bench.host}/team`;
      const tries = [bench.regctl, bench.skopeo];
      for (const [index, login] of tries.entries()) {
        const logout = tries[1 - index] ?? bench.regctl;
        await login(0, ['login', ...AS_ANN, team], password);
        await bench.regctl(0, ['tags', repository]);
        await bench.regctl(1, ['tags', `${bench.host}/other/app`]);
        await bench.regctl(1, ['login', '--get-login', bench.host]);
        expect((await bench.regctl(0, ['login', '--get-login', team])).stdout).toBe('ann\n');
        await bench.skopeo(0, listed());
        await logout(0, ['logout', team]);
        await bench.regctl(1, ['tags', repository]);
      }
    });

    it('a wrong password names the file that it came from', async () => {
      const file = bench.machine.dir.join('wrong.json');
      const auth = Buffer.from(`ann:not-${CANARY}`).toString('base64');
      const auths = { [`${bench.host}/team`]: { auth } };
      await writeFile(file, JSON.stringify({ auths }), { mode: 0o600 });
      const done = await bench.regctl(1, ['tags', '--authfile', file, repository]);
      expect(done.stderr).toContain(`credentials from ${file} ("${bench.host}/team") were sent`);
    });

    it('never printed a secret, --debug included', () => {
      expect(bench.outputs.length).toBeGreaterThan(4);
      for (const text of bench.outputs) {
        expect(text).not.toContain(CANARY);
        expect(text).not.toContain(ENCODED);
      }
    });
  });

  it('twenty logins at once lose none', async () => {
    await using bench = await startBench(undefined);
    const file = bench.machine.dir.join('twenty.json');
    const names = Array.from({ length: 20 }, (_item, index) => `${bench.host}/n${index}`);
    const login = (name: string): Promise<Finished> =>
      bench.regctl(0, ['login', '--authfile', file, ...AS_ANN, name], password);
    await Promise.all(names.map(login));
    const { auths } = JSON.parse(await readFile(file, 'utf8')) as { auths: object };
    expect(Object.keys(auths).sort()).toEqual([...names].sort());
  });
});
