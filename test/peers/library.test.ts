import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeCertificates, type Certificates } from '../helpers/certificates.ts';
import { missingPrograms, run } from '../helpers/commands.ts';
import { startDockerRegistry, type DockerRegistry } from '../helpers/docker-registry.ts';
import { makeIndex, writeLayout, type TestImage } from '../helpers/images.ts';
import { missingPeers, peer } from '../helpers/peers.ts';
import { tempDir, type TempDir } from '../helpers/temp.ts';
import { startTokenServer, type TokenServer } from '../helpers/token-server.ts';
import { describeUnless } from '../helpers/when.ts';

const ROOT = join(import.meta.dirname, '../..');
const FOLDER = join(ROOT, 'examples/library');
const missing = missingPeers('distribution') ?? missingPrograms('openssl');

describeUnless(missing, 'examples of the library on distribution 3, TLS and tokens', () => {
  let dir: TempDir;
  let certificates: Certificates;
  let tokens: TokenServer;
  let registry: DockerRegistry;
  let image: TestImage;
  const ran = new Set<string>();

  beforeAll(async () => {
    [dir, certificates, image] = await Promise.all([tempDir(), makeCertificates(), makeIndex()]);
    tokens = await startTokenServer({
      ...certificates,
      users: { ann: 'secret' },
      tls: true,
    });
    registry = await startDockerRegistry({
      program: peer('distribution'),
      tls: certificates,
      token: { ...tokens, certFile: certificates.certFile },
    });
    await writeLayout(dir.join('layout'), { app: image });
    await mkdir(dir.join('.docker'));
    const auth = Buffer.from('ann:secret').toString('base64');
    await writeFile(
      dir.join('.docker/config.json'),
      JSON.stringify({ auths: { [registry.host]: { auth } } }),
      { mode: 0o600 },
    );
    for (const tag of ['1.2.0', '1.3.0', 'old'])
      await example('copy-with-progress.ts', `oci:${dir.join('layout')}:app`, app(`:${tag}`));
  });
  afterAll(async () => {
    for (const one of [registry, tokens, certificates, dir]) await one[Symbol.asyncDispose]();
  });

  const app = (rest: string): string => `${registry.host}/team/app${rest}`;

  /** Runs an example as a user does, and returns its lines. */
  async function example(name: string, ...args: readonly string[]): Promise<readonly string[]> {
    const done = await run(process.execPath, [join(FOLDER, name), ...args], {
      cwd: dir.path,
      env: { HOME: dir.path, SSL_CERT_FILE: certificates.caFile, NODE_NO_WARNINGS: '1' },
    });
    expect(done, name).toMatchObject({ code: 0, stderr: '' });
    ran.add(name);
    return done.stdout.trimEnd().split('\n');
  }

  it('reads tags, platforms, digests', async () => {
    expect(await example('list-tags.ts', app(''), '^1')).toEqual(['1.2.0', '1.3.0']);
    expect((await example('inspect.ts', app(':old')))[0]).toMatch(/@sha256:\w{64}: \d+ bytes$/u);
    expect(await example('pin-digests.ts', app(':old'))).toEqual([
      `${app(':old')}@${image.root.digest}`,
    ]);
  });

  it('copies one platform and a range of versions', async () => {
    const to = `${registry.host}/team/one:1`;
    expect((await example('copy-one-platform.ts', app(':old'), to, 'linux/arm64'))[0]).toMatch(
      /^sha256:/u,
    );
    const mirror = `${registry.host}/team/mirror`;
    expect(await example('mirror-versions.ts', app(''), mirror, '^1')).toEqual([
      '1.2.0: copied',
      '1.3.0: copied',
    ]);
  });

  it('writes artifacts', async () => {
    const [digest, manifest = ''] = await example('push-report.ts', app(':report'));
    expect(digest).toMatch(/^sha256:/u);
    expect(JSON.parse(manifest)).toMatchObject({
      artifactType: 'application/vnd.example.report.v1+json',
    });
    expect(await example('attach-sbom.ts', app(':1.2.0'))).toEqual([
      expect.stringMatching(/^application\/spdx\+json sha256:/u),
    ]);
  });

  it('deletes safely, explains errors and serves users', async () => {
    const lines = await example('delete-safely.ts', app(':old'));
    expect(lines.at(-1)).toBe('removed only the tag');
    expect((await example('explain-error.ts', app(':none'))).at(-1)).toMatch(/^404 .* login$/u);
    const [served] = await example('service.ts', app(':1.2.0'), '169.254.169.254/app:1');
    // It uses no login of this machine.
    expect(served).toContain('login');
    expect(await example('registry-in-a-test.ts')).toEqual(['pushed true']);
  });

  it('runs every one', async () => {
    const all = (await readdir(FOLDER)).filter((name) => name.endsWith('.ts'));
    expect([...ran].toSorted()).toEqual(all.toSorted());
  });
});
