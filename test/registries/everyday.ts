import { generateKeyPairSync } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { KNOWN_REGISTRIES } from '../../src/config/registries/table.ts';
import { hexOf } from '../../src/oci/digest.ts';
import { loginCommand } from '../../src/config/registries/lookup.ts';
import type { Certificates } from '../helpers/certificates.ts';
import { makeImage, makeIndex, writeLayout, type TestImage } from '../helpers/images.ts';
import { fill } from '../helpers/stand-ins/fill.ts';
import type { StandIn } from '../helpers/stand-ins/types.ts';
import { startWorld, type World } from '../helpers/stand-ins/world.ts';

interface Failure {
  readonly error: { readonly code: string; readonly hint: string; readonly message: string };
}

/** The everyday commands on one registry, in the order in which a person meets it. */
export function everyday(standIn: StandIn, certificates: () => Certificates): void {
  let world: World;
  let index: TestImage;
  let image: TestImage;
  const row = KNOWN_REGISTRIES.find(({ id }) => id === standIn.id);
  const name = (repository = standIn.repository): string => `${standIn.registry}/${repository}`;
  const writable = standIn.readOnly === undefined;

  beforeAll(async () => {
    world = await startWorld(standIn, certificates());
    index = await makeIndex({ layers: 1 });
    image = await makeImage({ layers: 2 });
    await writeLayout(world.dir.join('in'), { v1: index, v2: image });
    if (!writable) fill(world, index, ['v1', 'v3', 'v4', 'v5']);
    if (!writable) fill(world, image, ['v2']);
  });
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
  });

  const since = async (work: () => Promise<unknown>): Promise<readonly string[]> => {
    const before = world.lines.length;
    await work();
    return world.lines.slice(before);
  };
  const failing = async (status: number, ...args: string[]): Promise<Failure['error']> =>
    ((await world.json(status, ...args)) as Failure).error;
  const command = loginCommand({ registry: standIn.registry }, row);

  it('without a login: what is public is read, and the rest says how to sign in', async () => {
    const error = await failing(1, 'delete', '--force', `${name()}@${index.root.digest}`);
    if (standIn.anonymous === 'everything') return;
    expect(['UNAUTHORIZED', 'TOKEN_FAILED']).toContain(error.code);
    expect(error.hint).toContain(command);
  });

  it('a wrong password is refused, and the account is explained', async () => {
    if (standIn.anonymous === 'everything') return;
    const login = ['login', standIn.registry, '-u', standIn.login.username, '--password-stdin'];
    const ran = await world.run(['-o', 'json', ...login], { input: 'wrong' });
    expect(ran.status, ran.stderr).toBe(1);
    const { error } = JSON.parse(ran.stdout) as Failure;
    expect(error.hint).toContain((row?.account ?? '').split(/[{;.]/u)[0]);
  });

  it('login', async () => {
    if (standIn.anonymous === 'everything') return;
    const login = ['login', standIn.registry, '-u', standIn.login.username, '--password-stdin'];
    const ran = await world.run(login, { input: `${standIn.login.password}\n` });
    expect(ran.status, ran.stderr).toBe(0);
    const who = await world.run(['login', '--get-login', standIn.registry]);
    expect(who.stdout).toBe(`${standIn.login.username}\n`);
  });

  it('copy to it, or why not', async () => {
    const from = `oci:${world.dir.join('in')}:v1`;
    if (!writable) {
      expect((await failing(1, 'copy', from, `${name()}:v9`)).hint).toBe(row?.readOnly);
      return;
    }
    expect(await world.json(0, 'copy', from, `${name()}:v1`)).toMatchObject({
      Digest: index.root.digest,
    });
    for (const [digest, { bytes }] of index.nodes) {
      const there =
        world.engine.content.manifest(standIn.repository, digest)?.bytes ??
        world.engine.content.blob(standIn.repository, digest);
      expect(there && Buffer.from(bytes).equals(there), digest).toBe(true);
    }
    const v2 = `oci:${world.dir.join('in')}:v2`;
    const lines = await since(() => world.json(0, 'copy', v2, `${name()}:v2`));
    expect(lines.filter((line) => line.startsWith('PATCH'))).toEqual([]);
  });

  it('the same copy again sends nothing', async () => {
    if (!writable) return;
    const from = `oci:${world.dir.join('in')}:v1`;
    const lines = await since(async () => {
      expect(await world.json(0, 'copy', from, `${name()}:v1`)).toMatchObject({
        Blobs: { Written: 0 },
      });
    });
    expect(lines.filter((line) => /^(?:PUT|PATCH) /u.test(line))).toEqual([]);
  });

  it('retags, and copies to another repository', async () => {
    if (!writable) return;
    for (const tag of ['v3', 'v4', 'v5']) {
      expect(await world.json(0, 'copy', `${name()}:v1`, `${name()}:${tag}`)).toMatchObject({
        Digest: index.root.digest,
      });
    }
    const copied = await world.json(0, 'copy', `${name()}:v2`, `${name(standIn.neighbour)}:v2`);
    expect(copied).toMatchObject({
      Digest: image.root.digest,
      Blobs: standIn.uploads.mounts ? { Written: 0, Mounted: 3 } : { Written: 3, Mounted: 0 },
    });
  });

  it('tags, over all pages', async () => {
    const lines = await since(async () => {
      const ran = await world.run(['tags', name()]);
      expect(ran).toMatchObject({ status: 0, stdout: 'v1\nv2\nv3\nv4\nv5\n' });
    });
    const pages = lines.filter((line) => line.includes('/tags/list')).length;
    expect(pages).toBeGreaterThanOrEqual(Math.ceil(5 / standIn.lists.page));
  });

  it('a token that ran out is renewed', async () => {
    if (standIn.auth.kind === 'basic') return;
    world.engine.access.revoke();
    const ran = await world.run(['tags', name()]);
    expect(ran, ran.stderr).toMatchObject({ status: 0 });
  });

  it('inspect and digest', async () => {
    expect(await world.json(0, 'inspect', `${name()}:v1`)).toMatchObject({
      Name: name(),
      Digest: index.root.digest,
      RepoTags: ['v1', 'v2', 'v3', 'v4', 'v5'],
      Labels: { made: 'by-test' },
    });
    const ran = await world.run(['digest', `${name()}:v2`]);
    expect(ran).toMatchObject({ status: 0, stdout: `${image.root.digest}\n` });
  });

  it('copy from it, with what refers to it', async () => {
    const to = `oci:${world.dir.join('out')}:v1`;
    expect(await world.json(0, 'copy', '--referrers', `${name()}:v1`, to)).toMatchObject({
      Digest: index.root.digest,
    });
  });

  it('what refers to an image goes there and comes back with it', async () => {
    if (!writable) return;
    const layout = world.dir.join('signed');
    const signature = await makeImage({ layers: 1, subject: image.root });
    await writeLayout(layout, { sig: signature });
    await world.json(0, 'copy', `oci:${layout}:sig`, `${name(standIn.neighbour)}:sig`);
    const back = world.dir.join('back');
    await world.json(0, 'copy', '--referrers', `${name(standIn.neighbour)}:v2`, `oci:${back}:v2`);
    const found = await readFile(join(back, 'blobs', 'sha256', hexOf(signature.root.digest)));
    expect(found.equals(Buffer.from(signature.nodes.get(signature.root.digest)?.bytes ?? ''))).toBe(
      true,
    );
    const fallback = `sha256-${hexOf(image.root.digest)}`;
    const tags = world.engine.content.tags(standIn.neighbour);
    expect(tags.includes(fallback)).toBe(standIn.referrers !== 'index');
  });

  it('signatures and SBOMs are written, listed by type, and verified', async () => {
    if (!writable) return;
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = { format: 'pem' } as const;
    const [key, pub, sbom] = ['k.key', 'k.pub', 'sbom.json'].map((file) => world.dir.join(file));
    await writeFile(key ?? '', privateKey.export({ type: 'pkcs8', ...pem }));
    await writeFile(pub ?? '', publicKey.export({ type: 'spki', ...pem }));
    await writeFile(sbom ?? '', '{"spdxVersion":"SPDX-2.3"}');
    const signed = `${name(standIn.neighbour)}:v2`;
    await world.json(3, 'verify', '--key', pub ?? '', signed);
    await world.json(0, 'sign', '--key', key ?? '', '--form', 'both', signed);
    const attest = ['attest', '--key', key ?? '', '--type', 'spdxjson', '--predicate', sbom ?? ''];
    await world.json(0, ...attest, signed);
    expect(await world.json(0, 'verify', '--key', pub ?? '', signed)).toMatchObject({
      PodmanReadable: true,
    });
    await world.json(0, 'verify', '--key', pub ?? '', '--type', 'spdxjson', signed);
    const { stdout } = await world.run(['referrers', signed]);
    expect(stdout).toMatch(/signature[^]*signature/u);
    expect(stdout).toContain('SBOM (SPDX)');
  });

  it('catalog, or what to use instead', async () => {
    if (standIn.catalog === 'lists') {
      const ran = await world.run(['catalog', standIn.registry]);
      const names = [standIn.repository, standIn.neighbour].toSorted().join('\n');
      expect(ran, ran.stderr).toMatchObject({ status: 0, stdout: `${names}\n` });
      return;
    }
    const error = await failing(1, 'catalog', standIn.registry);
    expect(error.code).toBe('UNSUPPORTED');
    expect(error.hint.slice(0, 20)).toBe(row?.catalog?.alternative.slice(0, 20));
  });

  it('rate-limit', async () => {
    expect(await world.json(0, 'rate-limit', `${name()}:v1`)).toMatchObject(
      standIn.rateLimit === undefined
        ? { Limited: false }
        : { Limited: true, Limit: 100, Remaining: 76, Account: standIn.login.username },
    );
  });

  it('removes a tag alone, or says what can', async () => {
    const { tag } = standIn.remove;
    const { content } = world.engine;
    if (tag === 'yes') {
      expect(await world.run(['delete', '--untag', `${name()}:v5`])).toMatchObject({ status: 0 });
      expect(content.tags(standIn.repository)).toEqual(['v1', 'v2', 'v3', 'v4']);
      return;
    }
    const error = await failing(1, 'delete', '--untag', `${name()}:v5`);
    expect(error.code).toBe('UNTAG_UNSUPPORTED');
    expect(error.hint.slice(0, 10)).toBe((row?.untagAdvice ?? 'Without --untag').slice(0, 10));
    expect(content.tags(standIn.repository)).toContain('v5');
  });

  it('deletes an image, or says what can', async () => {
    const { manifest } = standIn.remove;
    const { content } = world.engine;
    const target = `${name()}@${image.root.digest}`;
    if (manifest === 'yes') {
      expect(await world.run(['delete', target])).toMatchObject({ status: 0 });
      expect(content.manifest(standIn.repository, image.root.digest)).toBeUndefined();
      expect(content.tags(standIn.repository)).toContain('v1');
      return;
    }
    const error = await failing(1, 'delete', target);
    expect(error.hint.slice(0, 20)).toBe(row?.deleteAdvice?.slice(0, 20));
    if (manifest !== 'untagged') return;
    expect(await world.run(['delete', '--untag', `${name()}:v2`])).toMatchObject({ status: 0 });
    expect(await world.run(['delete', target])).toMatchObject({ status: 0 });
  });

  it('a repository that is not there', async () => {
    const error = await failing(2, 'tags', name('team/none'));
    expect(error.code).toBe('REPOSITORY_UNKNOWN');
    if (standIn.unmade === undefined) return;
    const from = `oci:${world.dir.join('in')}:v1`;
    const push = await failing(
      standIn.unmade.code === 'NAME_UNKNOWN' ? 2 : 1,
      'copy',
      from,
      name('none/app'),
    );
    expect(push.hint.slice(0, 20)).toBe(row?.createAdvice?.slice(0, 20));
  });

  it('the secret went where it belongs alone, and was never printed', async () => {
    await world.run(['--debug', 'tags', name()]);
    const { username, password } = standIn.login;
    const basic = Buffer.from(`${username}:${password}`).toString('base64');
    const owner = standIn.auth.kind === 'bearer' ? new URL(standIn.auth.realm).host : standIn.api;
    const owners = new Set([
      owner,
      ...(standIn.catalogChallenge === undefined ? [] : [standIn.api]),
    ]);
    const seenBy = world.requests
      .filter(({ path, headers, body }) => {
        const text = `${path} ${JSON.stringify(headers)} ${body.toString('latin1')}`;
        return text.includes(basic) || text.includes(password);
      })
      .map(({ headers }) => headers.host);
    expect(seenBy.filter((host) => host === undefined || !owners.has(host))).toEqual([]);
    const atCdn = world.requests.filter(({ headers }) => headers.host === standIn.cdn);
    expect(atCdn.filter(({ headers }) => headers.authorization !== undefined)).toEqual([]);
    expect(world.printed()).not.toContain(basic);
    expect(world.printed()).not.toContain(password);
    expect(world.printed()).not.toMatch(/tok-[a-z-]+-\d+|presigned/u);
  });
}
