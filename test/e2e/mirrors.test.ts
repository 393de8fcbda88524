import { mkdir, rm, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { run } from '../helpers/commands.ts';
import { makeCertificates, type Certificates } from '../helpers/certificates.ts';
import { startDockerRegistry, type DockerRegistry } from '../helpers/docker-registry.ts';
import { makeImage, makeIndex, pushImage, type TestImage } from '../helpers/images.ts';
import { startScriptedServer } from '../helpers/scripted-server.ts';
import { describeWith } from '../helpers/when.ts';
import { newMachine, type Machine } from './regctl.ts';

/** A host that nothing may reach: what names it is answered by a mirror or elsewhere. */
const NOWHERE = 'registry.invalid';

describeWith(['docker-registry', 'skopeo'], 'registries.conf', () => {
  let mirror: DockerRegistry;
  let primary: DockerRegistry;
  let machine: Machine;
  let image: TestImage;
  let conf: string;

  beforeAll(async () => {
    [mirror, primary, machine, image] = await Promise.all([
      startDockerRegistry(),
      startDockerRegistry(),
      newMachine(),
      makeIndex({}),
    ]);
    await pushImage(mirror.origin, 'hub/team/app', ['v1'], image);
    await pushImage(primary.origin, 'real/team/app', ['v1', 'v2'], image);
    conf = machine.dir.join('registries.conf');
    await machine.expect(0, ['copy', `${mirror.host}/hub/team/app:v1`, 'oci:out:v1']);
  });
  afterAll(async () => {
    await Promise.all([mirror, primary, machine].map((one) => one[Symbol.asyncDispose]()));
  });

  const write = (text: string): Promise<void> => writeFile(conf, text);
  const env = (): { env: Record<string, string> } => ({
    env: { CONTAINERS_REGISTRIES_CONF: conf },
  });
  const mirrored = (more = ''): string => `
    [[registry]]
    prefix = "${NOWHERE}"
    location = "${primary.host}/real"
    ${more}
    [[registry.mirror]]
    location = "127.0.0.1:1/nobody"
    insecure = true
    [[registry.mirror]]
    location = "${mirror.host}/hub"
    insecure = true
  `;

  it('copies an image through the mirror, skopeo reads the same by the same file', async () => {
    await write(mirrored());
    const source = `${NOWHERE}/team/app:v1`;
    const done = await machine.expect(0, ['copy', '--debug', source, 'oci:first:v1'], env());
    expect(done.stdout).toContain(`@${image.root.digest}`);
    expect(done.stderr).toContain(`${NOWHERE}/team/app: answered by ${mirror.host}/hub/team/app`);
    const skopeo = await run(
      'skopeo',
      ['inspect', '--registries-conf', conf, '--raw', `docker://${source}`],
      { env: machine.env },
    );
    const raw = await machine.expect(0, ['manifest', source], env());
    expect(skopeo.code, skopeo.stderr).toBe(0);
    expect(raw.bytes.equals(skopeo.bytes)).toBe(true);
  });

  it('lists tags of the primary alone, also where skopeo does not follow the rewrite', async () => {
    await write(mirrored());
    const quiet = await machine.expect(0, ['tags', `${NOWHERE}/team/app`], env());
    expect(quiet).toMatchObject({ stdout: 'v1\nv2\n', stderr: '' });
    const done = await machine.expect(0, ['--debug', 'tags', `${NOWHERE}/team/app`], env());
    expect(done.stderr).toContain(`${NOWHERE}/team/app is at ${primary.host}/real/team/app`);
  });

  it('inspect, digest, config and blob name the image as it was asked for', async () => {
    await write(mirrored());
    const name = `${NOWHERE}/team/app:v2`;
    const seen = (await machine.json(['inspect', name], env())) as {
      Name: string;
      RepoTags: string[];
      ConfigDigest: string;
    };
    expect(seen.Name).toBe(`${NOWHERE}/team/app`);
    expect(seen.RepoTags).toEqual(['v1', 'v2']);
    const digest = await machine.expect(0, ['digest', name], env());
    expect(digest.stdout.trim()).toContain(image.root.digest);
    const config = await machine.expect(0, ['config', name], env());
    const blob = await machine.expect(
      0,
      ['blob', `${NOWHERE}/team/app@${seen.ConfigDigest}`],
      env(),
    );
    expect(JSON.parse(blob.stdout)).toEqual(JSON.parse(config.stdout));
  });

  it('falls back to the primary for what the mirror lacks', async () => {
    await write(mirrored());
    const done = await machine.expect(0, ['digest', '--debug', `${NOWHERE}/team/app:v2`], env());
    expect(done.stderr).toContain(`mirror ${mirror.host}/hub/team/app: it has no v2`);
    expect(done.stderr).toContain(`answered by ${primary.host}/real/team/app`);
  });

  it('digest-only and wildcards: the mirror that skopeo would ask is asked', async () => {
    await pushImage(mirror.origin, 'wild/team/app', ['old'], image);
    await write(`
      [[registry]]
      prefix = "*.invalid"
      location = "${primary.host}/real"
      insecure = true
      mirror-by-digest-only = true
      [[registry.mirror]]
      location = "${mirror.host}/wild"
      insecure = true
    `);
    for (const [suffix, place] of [
      [':v1', `${primary.host}/real`],
      [`@${image.root.digest}`, `${mirror.host}/wild`],
    ] as const) {
      const name = `a.b.invalid/team/app${suffix}`;
      const done = await machine.expect(0, ['manifest', '--debug', name], env());
      expect(done.stderr).toContain(`answered by ${place}/team/app`);
      const skopeo = await run(
        'skopeo',
        ['--debug', 'inspect', '--registries-conf', conf, '--raw', `docker://${name}`],
        { env: machine.env },
      );
      expect(skopeo.code, skopeo.stderr).toBe(0);
      expect(skopeo.stderr).toContain(`Trying to access \\"${place}/team/app`);
      expect(done.bytes.equals(skopeo.bytes)).toBe(true);
    }
  });

  it('a damaged layer of a mirror is fetched anew elsewhere, in the same copy', async () => {
    await write(mirrored());
    const large = await makeImage({ layers: 2, layerSize: 5 * 1024 * 1024 });
    await pushImage(mirror.origin, 'hub/team/large', ['v1'], large);
    await pushImage(primary.origin, 'real/team/large', ['v1'], large);
    const [layer] = [...large.nodes.values()].filter(({ bytes }) => bytes.length > 5e6);
    const { bytes, descriptor } = layer ?? { bytes: Buffer.alloc(0), descriptor: large.root };
    const damaged = Buffer.from(bytes);
    damaged.fill(0, damaged.length - 10);
    const hex = descriptor.digest.slice('sha256:'.length);
    const folder = `${mirror.storage}/docker/registry/v2/blobs/sha256/${hex.slice(0, 2)}/${hex}`;
    await writeFile(`${folder}/data`, damaged);
    const source = `${NOWHERE}/team/large:v1`;
    for (const to of ['oci:large:v1', `${primary.host}/copied:v1`]) {
      const done = await machine.expect(0, ['copy', source, to], env());
      expect(done.stderr).toContain('gave wrong content');
      expect(done.stdout).toContain(large.root.digest);
    }
    await machine.expect(0, ['copy', `${primary.host}/copied:v1`, 'oci:verified:v1']);
    const name = `${NOWHERE}/team/large@${descriptor.digest}`;
    const printed = await machine.expect(5, ['blob', name], env());
    expect(printed.stderr).toContain('has digest');
  });

  it('a copy is written to the rewritten place and never to a mirror; delete too', async () => {
    await write(mirrored());
    const other = await makeImage();
    await pushImage(mirror.origin, 'other', ['x'], other);
    const name = `${NOWHERE}/team/new:x`;
    await machine.expect(0, ['copy', `${mirror.host}/other:x`, name], env());
    const direct = await machine.expect(0, ['digest', `${primary.host}/real/team/new:x`]);
    expect(direct.stdout).toContain(other.root.digest);
    await machine.expect(2, ['digest', `${mirror.host}/hub/team/new:x`]);
    await pushImage(mirror.origin, 'hub/team/new', ['x'], image);
    const gone = await machine.expect(0, ['delete', name], env());
    expect(gone.stdout).toContain(other.root.digest);
    await machine.expect(2, ['digest', `${primary.host}/real/team/new:x`]);
    await machine.expect(0, ['digest', `${mirror.host}/hub/team/new:x`]);
  });

  it('a blocked registry is refused with exit 3, naming the file; skopeo refuses it too', async () => {
    await write(mirrored('blocked = true'));
    for (const args of [
      ['inspect', `${NOWHERE}/team/app:v1`],
      ['tags', `${NOWHERE}/team/app`],
      ['rate-limit', `${NOWHERE}/team/app`],
      ['copy', 'oci:out:v1', `${NOWHERE}/team/app:v9`],
      ['catalog', NOWHERE],
    ]) {
      const error = await machine.jsonError(3, args, env());
      expect(error.code).toBe('REGISTRY_BLOCKED');
      expect(error.message).toContain(conf);
    }
    const skopeo = await run(
      'skopeo',
      ['inspect', '--registries-conf', conf, `docker://${NOWHERE}/team/app:v1`],
      { env: machine.env },
    );
    expect(skopeo.code).not.toBe(0);
    expect(skopeo.stderr).toContain('blocked');
  });

  it('files that are wrong stop registries, and nothing else', async () => {
    await write('[[registry]\n');
    const error = await machine.jsonError(1, ['tags', `${primary.host}/real/team/app`], env());
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message).toContain(`${conf}:1:`);
    await rm(machine.dir.join('again'), { recursive: true, force: true });
    await machine.expect(0, ['copy', 'oci:out:v1', 'oci:again:v1'], env());
  });

  it('the file of the user is found without a flag, and a flag names another', async () => {
    const dir = machine.dir.join('xdg', 'containers');
    await mkdir(dir, { recursive: true });
    await writeFile(`${dir}/registries.conf`, mirrored());
    try {
      await machine.expect(0, ['digest', `${NOWHERE}/team/app:v1`]);
      await write('');
      await machine.expect(1, [
        'digest',
        '--retry-times',
        '0',
        '--registries-conf',
        conf,
        `${NOWHERE}/team/app:v1`,
      ]);
    } finally {
      await rm(dir, { recursive: true });
    }
  });

  it('short names follow the aliases of a file that names search registries', async () => {
    await write(`
      unqualified-search-registries = ["${primary.host}"]
      [aliases]
      "app" = "${primary.host}/real/team/app"
    `);
    const done = await machine.expect(0, ['tags', 'app'], env());
    expect(done.stdout).toBe('v1\nv2\n');
    await machine.expect(0, ['tags', 'real/team/app'], env());
  });

  it("Docker's daemon.json gives Docker Hub mirrors, on request", async () => {
    await pushImage(mirror.origin, 'library/app', ['latest'], image);
    const daemon = machine.dir.join('daemon.json');
    await writeFile(daemon, JSON.stringify({ 'registry-mirrors': [mirror.origin] }));
    const done = await machine.expect(0, ['digest', '--debug', '--daemon-config', daemon, 'app']);
    expect(done.stdout).toContain(image.root.digest);
    expect(done.stderr).toContain(`docker.io/library/app: answered by ${mirror.host}/library/app`);
  });
});

describeWith(['docker-registry', 'openssl'], 'insecure hosts', () => {
  let certificates: Certificates;
  let registry: DockerRegistry;
  let machine: Machine;
  beforeAll(async () => {
    [certificates, machine] = await Promise.all([makeCertificates(), newMachine()]);
    const htpasswd = { username: 'ann', password: 'canary-tls' };
    registry = await startDockerRegistry({ tls: certificates, htpasswd });
  });
  afterAll(async () => {
    await Promise.all([registry, machine, certificates].map((one) => one[Symbol.asyncDispose]()));
  });
  const creds = ['--creds', 'ann:canary-tls'];
  const catalog = (...flags: string[]): string[] => ['catalog', ...flags, ...creds, registry.host];

  it('insecure = true switches off the check for that host, unless --tls-verify insists', async () => {
    const conf = machine.dir.join('r.conf');
    await writeFile(conf, `[[registry]]\nlocation = "${registry.host}"\ninsecure = true\n`);
    expect((await machine.jsonError(1, catalog())).code).toBe('TLS');
    await machine.expect(0, catalog('--registries-conf', conf));
    const strict = catalog('--registries-conf', conf, '--tls-verify=true');
    expect((await machine.jsonError(1, strict)).code).toBe('TLS');
    await writeFile(conf, `[[registry]]\nlocation = "127.0.0.1:1"\ninsecure = true\n`);
    expect((await machine.jsonError(1, catalog('--registries-conf', conf))).code).toBe('TLS');
  });

  it("so do hosts and networks of Docker's daemon.json, by address", async () => {
    const daemon = machine.dir.join('daemon.json');
    const insecure = (entry: string): Promise<void> =>
      writeFile(daemon, JSON.stringify({ 'insecure-registries': [entry] }));
    const args = catalog('--daemon-config', daemon);
    for (const entry of [registry.host, '127.0.0.0/8']) {
      await insecure(entry);
      await machine.expect(0, args);
    }
    await insecure('10.0.0.0/8');
    expect((await machine.jsonError(1, args)).code).toBe('TLS');
  });
});

describeWith([], 'secrets beside mirrors', () => {
  it('each host gets its own, and no flag reaches a mirror', async () => {
    const asks = () => ({ status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } });
    await using m1 = await startScriptedServer(asks);
    await using m2 = await startScriptedServer(asks);
    await using primary = await startScriptedServer(asks);
    await using machine = await newMachine();
    const auth = (secret: string): { auth: string } => ({
      auth: Buffer.from(`user:${secret}`).toString('base64'),
    });
    await mkdir(`${machine.home}/.docker`);
    await writeFile(
      `${machine.home}/.docker/config.json`,
      JSON.stringify({
        auths: { [m1.host]: auth('canary-m1'), [primary.host]: auth('canary-primary') },
        HttpHeaders: { 'X-Meta-Canary': 'canary-header' },
      }),
      { mode: 0o600 },
    );
    const conf = machine.dir.join('r.conf');
    await writeFile(
      conf,
      `[[registry]]
      prefix = "registry.invalid"
      location = "${primary.host}"
      [[registry.mirror]]
      location = "${m1.host}"
      [[registry.mirror]]
      location = "${m2.host}"
      `,
    );
    const seen = (server: typeof m1): string => {
      const text = server.requests
        .map(({ headers }) => {
          const [, basic = ''] = (headers.authorization ?? '').split(' ');
          return `${JSON.stringify(headers)} ${Buffer.from(basic, 'base64').toString()}`;
        })
        .join('\n');
      return [...new Set(text.match(/canary-[a-z0-9]+/gu))].sort().join(' ');
    };
    const plain = ['digest', '--debug', '--registries-conf', conf, 'registry.invalid/a:1'];
    const first = await machine.expect(1, plain);
    expect([m1, m2, primary].map(seen)).toEqual(['canary-m1', '', 'canary-header canary-primary']);
    const second = await machine.expect(1, [...plain, '--creds', 'me:canary-flag']);
    expect([m1, m2, primary].map(seen)).toEqual([
      'canary-m1',
      '',
      'canary-flag canary-header canary-primary',
    ]);
    expect(first.stderr + first.stdout + second.stderr + second.stdout).not.toContain('canary');
  });
});
