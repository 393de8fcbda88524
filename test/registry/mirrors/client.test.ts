import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Mirror, Route } from '../../../src/config/containers/types.ts';
import { AppError } from '../../../src/errors/app-error.ts';
import type { Digest } from '../../../src/oci/digest.ts';
import { createRegistryClient } from '../../../src/registry/client.ts';
import { createRoutedClient } from '../../../src/registry/mirrors/client.ts';
import type { RegistryClient } from '../../../src/registry/types.ts';
import { RetryOtherMirrorError } from '../../../src/store/errors.ts';
import {
  startScriptedServer,
  type Script,
  type Scripted,
  type ScriptedServer,
} from '../../helpers/scripted-server.ts';
import { bytesFrom, listAll, plainClient } from '../harness.ts';

const OCI = 'application/vnd.oci.image.manifest.v1+json';
const digestOf = (data: string | Uint8Array): Digest =>
  `sha256:${createHash('sha256').update(data).digest('hex')}` as Digest;
const BLOB = 'some layer';
const MANIFEST = JSON.stringify({
  schemaVersion: 2,
  mediaType: OCI,
  config: {
    mediaType: 'application/vnd.oci.image.config.v1+json',
    digest: digestOf('{}'),
    size: 2,
  },
  layers: [],
});
const MANIFEST_DIGEST = digestOf(MANIFEST);
const found: Scripted = {
  status: 200,
  headers: { 'content-type': OCI, 'docker-content-digest': MANIFEST_DIGEST },
  body: MANIFEST,
};
const layer = { mediaType: 'x/y', digest: digestOf(BLOB), size: BLOB.length };

interface Setup extends AsyncDisposable {
  readonly client: RegistryClient;
  readonly servers: Readonly<Record<string, ScriptedServer>>;
  readonly upcomingScopes: readonly string[];
  readonly notes: readonly string[];
  readonly warnings: readonly string[];
  readonly traces: readonly string[];
}

/** Servers by host name; "m1" and "m2" are the mirrors of "logical/app", "primary" is its place. */
async function setUp(
  scripts: Readonly<Record<string, Script>>,
  uses: Readonly<Record<string, Mirror['use']>> = {},
): Promise<Setup> {
  const servers: Record<string, ScriptedServer> = {};
  for (const [host, script] of Object.entries(scripts)) {
    servers[host] = await startScriptedServer(script);
  }
  const [notes, warnings, traces]: [string[], string[], string[]] = [[], [], []];
  const upcomingScopes: string[] = [];
  const physical = createRegistryClient({
    request: (request) => {
      upcomingScopes.push(...(request.auth?.upcomingScopes ?? []));
      return plainClient(request).catch((error: Error) => {
        request.signal?.throwIfAborted();
        throw new AppError('NETWORK', error.message);
      });
    },
    endpoint: async (host) => new URL(servers[host]?.origin ?? 'http://127.0.0.1:1'),
    warn: (text) => warnings.push(text),
  });
  const mirrors = ['m1', 'm2']
    .filter((host) => scripts[host] !== undefined)
    .map((registry) => ({ registry, repository: 'hub/app', use: uses[registry] ?? 'all' }));
  const route = ({ repository }: { repository: string }): Route =>
    repository === ''
      ? { primary: { registry: 'primary', repository: 'real' }, mirrors: [] }
      : { primary: { registry: 'primary', repository: `real/${repository}` }, mirrors };
  const client = createRoutedClient({
    origin: physical,
    mirror: physical,
    route,
    warn: (text) => warnings.push(text),
    note: (text) => notes.push(text),
    trace: (text) => traces.push(text),
  });
  return {
    client,
    servers,
    upcomingScopes,
    notes,
    warnings,
    traces,
    [Symbol.asyncDispose]: async () => {
      for (const server of Object.values(servers)) await server.close();
    },
  };
}

const never: Script = () => undefined;
const status =
  (code: number): Script =>
  () => ({ status: code });
const serve =
  (blob: string | Uint8Array = BLOB): Script =>
  ({ path }) =>
    path.includes('/manifests/') ? found : { status: 200, body: blob };

describe('reading through mirrors', () => {
  it('the first that has it answers, the rest is not asked; the note says who', async () => {
    await using at = await setUp({ m1: serve(), m2: never, primary: never });
    const repository = at.client.repository({
      registry: 'logical',
      repository: 'app',
      access: 'pull',
    });
    expect([repository.registry, repository.name]).toEqual(['logical', 'app']);
    expect((await repository.getManifest('v1')).descriptor.digest).toBe(MANIFEST_DIGEST);
    expect((await bytesFrom(await repository.getBlob(layer))).toString()).toBe(BLOB);
    expect(at.servers['m1']?.lines).toEqual([
      'GET /v2/hub/app/manifests/v1',
      `GET /v2/hub/app/blobs/${layer.digest}`,
    ]);
    expect(at.notes).toEqual([
      'logical/app is at primary/real/app',
      'logical/app: answered by m1/hub/app',
    ]);
  });

  it.each([
    ['404', status(404)],
    ['401', status(401)],
    ['500', status(500)],
    ['a page', () => ({ status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' })],
    ['a cut', () => (_request: unknown, response: { destroy(): void }) => response.destroy()],
    ['another manifest', () => ({ ...found, body: `${MANIFEST} ` })],
  ] satisfies [string, Script][])('%s falls through to the next', async (_name, script) => {
    await using at = await setUp({ m1: script, m2: serve(), primary: never });
    const repository = at.client.repository({
      registry: 'logical',
      repository: 'app',
      access: 'pull',
    });
    const { descriptor } = await repository.getManifest(MANIFEST_DIGEST);
    expect(descriptor.digest).toBe(MANIFEST_DIGEST);
    expect(at.traces.join()).toContain('mirror m1/hub/app');
    expect(at.notes.at(-1)).toBe('logical/app: answered by m2/hub/app');
  });

  it('a mirror that failed is not asked again; one that lacks a thing is', async () => {
    await using at = await setUp({ m1: status(503), m2: status(404), primary: serve() });
    const repository = at.client.repository({
      registry: 'logical',
      repository: 'app',
      access: 'pull',
    });
    await repository.headManifest('a');
    await repository.headManifest('b');
    expect(at.servers['m1']?.lines).toHaveLength(1);
    expect(at.servers['m2']?.lines).toHaveLength(2);
  });

  it('a blob may come from another place than its manifest', async () => {
    const onlyManifests: Script = ({ path }) =>
      path.includes('/manifests/') ? found : { status: 404 };
    await using at = await setUp({ m1: onlyManifests, m2: serve(), primary: never });
    const repository = at.client.repository({
      registry: 'logical',
      repository: 'app',
      access: 'pull',
    });
    await repository.getManifest('v1');
    expect((await bytesFrom(await repository.getBlob(layer))).toString()).toBe(BLOB);
  });

  it('wrong content is discarded, told, and never handed on', async () => {
    await using at = await setUp({ m1: serve('some liver'), m2: serve(), primary: never });
    const repository = at.client.repository({
      registry: 'logical',
      repository: 'app',
      access: 'pull',
    });
    expect((await bytesFrom(await repository.getBlob(layer))).toString()).toBe(BLOB);
    expect(at.warnings.join()).toContain('the mirror m1/hub/app gave wrong content');
  });

  it('a blob that is held until it is verified keeps its bytes while more are read', async () => {
    const content = randomBytes(4 * 1024 * 1024);
    await using at = await setUp({ m1: serve(content), primary: never });
    const repository = at.client.repository({
      registry: 'logical',
      repository: 'app',
      access: 'pull',
    });
    const descriptor = { mediaType: 'x/y', digest: digestOf(content), size: content.length };
    const bytes = await repository.getBlob(descriptor, { reuseChunks: true });
    expect((await bytesFrom(bytes)).equals(content)).toBe(true);
  });

  it('of a large blob the reader starts anew elsewhere', async () => {
    const large = Buffer.alloc(5 * 1024 * 1024, 1);
    const wrong = Buffer.from(large);
    wrong[wrong.length - 1] = 2;
    await using at = await setUp({ m1: serve(wrong), primary: serve(large) });
    const repository = at.client.repository({
      registry: 'logical',
      repository: 'app',
      access: 'pull',
    });
    const descriptor = { mediaType: 'x/y', digest: digestOf(large), size: large.length };
    const first = await repository.getBlob(descriptor);
    const error = await bytesFrom(first).catch((one: unknown) => one);
    expect(error).toBeInstanceOf(RetryOtherMirrorError);
    expect(error).toMatchObject({ code: 'DIGEST_MISMATCH', exitStatus: 5 });
    expect((await bytesFrom(await repository.getBlob(descriptor))).equals(large)).toBe(true);
  });

  it('digest-only and tag-only mirrors answer nothing else', async () => {
    const uses = { m1: 'digest-only', m2: 'tag-only' } as const;
    await using at = await setUp({ m1: serve(), m2: serve(), primary: never }, uses);
    const repository = at.client.repository({
      registry: 'logical',
      repository: 'app',
      access: 'pull',
    });
    await repository.getManifest('v1');
    await repository.getManifest(MANIFEST_DIGEST);
    await repository.getBlob(layer);
    expect(at.servers['m1']?.lines).toEqual([
      `GET /v2/hub/app/manifests/${MANIFEST_DIGEST}`,
      `GET /v2/hub/app/blobs/${layer.digest}`,
    ]);
    expect(at.servers['m2']?.lines).toEqual(['GET /v2/hub/app/manifests/v1']);
  });

  it('when all fail the error is that of the primary, and mirrors out of order are told', async () => {
    await using at = await setUp({ m1: status(500), m2: status(404), primary: status(404) });
    const repository = at.client.repository({
      registry: 'logical',
      repository: 'app',
      access: 'pull',
    });
    const error = await repository.getManifest('v1').catch((one: unknown) => one);
    expect(error).toBeInstanceOf(AppError);
    expect((error as AppError).message).toContain('primary/real/app:v1');
    expect(at.warnings).toHaveLength(1);
    expect(at.warnings[0]).toContain('the mirror failed too: m1/hub/app');
  });

  it('an abort is no failure of a mirror', async () => {
    const controller = new AbortController();
    await using at = await setUp({
      m1: () => {
        controller.abort(new Error('stop'));
        return { status: 500 };
      },
      primary: never,
    });
    const repository = at.client.repository({
      registry: 'logical',
      repository: 'app',
      access: 'pull',
    });
    await expect(repository.getManifest('v1', { signal: controller.signal })).rejects.toThrow(
      'stop',
    );
  });
});

describe('what mirrors are never asked', () => {
  it('lists of tags and of referrers', async () => {
    const lists: Script = ({ path }) =>
      path.includes('/tags/')
        ? { status: 200, body: '{"tags":["v1"]}' }
        : {
            status: 200,
            headers: { 'content-type': 'application/vnd.oci.image.index.v1+json' },
            body: '{"manifests":[]}',
          };
    await using at = await setUp({ m1: never, primary: lists });
    const repository = at.client.repository({
      registry: 'logical',
      repository: 'app',
      access: 'pull',
    });
    expect(await listAll(repository.tags())).toEqual(['v1']);
    expect(await Array.fromAsync(repository.referrers(MANIFEST_DIGEST))).toEqual([]);
    expect(at.servers['primary']?.lines[0]).toMatch(/^GET \/v2\/real\/app\/tags\/list/u);
  });

  it('when the primary is out of reach, the list of tags says why no mirror is asked', async () => {
    await using at = await setUp({ m1: serve() });
    const repository = at.client.repository({
      registry: 'logical',
      repository: 'app',
      access: 'pull',
    });
    await repository.getManifest('v1');
    const error = await listAll(repository.tags()).catch((one: unknown) => one);
    expect(error).toMatchObject({ code: 'NETWORK' });
    expect((error as AppError).hint).toContain('--no-tags');
  });

  it.each(['push', 'delete'] as const)('anything of a repository opened to %s', async (intent) => {
    await using at = await setUp({ m1: never, primary: serve() });
    const repository = at.client.repository({
      registry: 'logical',
      repository: 'app',
      access: intent,
    });
    await repository.getManifest('v1');
    await repository.getBlob(layer);
    expect(at.servers['primary']?.lines).toHaveLength(2);
  });

  it('a login', async () => {
    await using at = await setUp({ m1: never, logical: () => ({ status: 200, body: '{}' }) });
    await at.client.ping('logical');
    expect(at.servers['logical']?.lines).toEqual(['GET /v2/']);
  });
});

describe('what is wanted of a manifest', () => {
  it('is waited for before any place is asked: a mirror may have no challenge', async () => {
    await using at = await setUp({ m1: status(404), m2: serve(), primary: never });
    const repository = at.client.repository({
      registry: 'logical',
      repository: 'app',
      access: 'pull',
    });
    const answer = await repository.findManifest('v1', Promise.resolve('content'));
    expect(answer?.descriptor.digest).toBe(MANIFEST_DIGEST);
    expect(answer?.raw?.byteLength).toBe(MANIFEST.length);
    const asked = ['GET /v2/hub/app/manifests/v1'];
    expect([at.servers['m1']?.lines, at.servers['m2']?.lines]).toEqual([asked, asked]);
    const stop = AbortSignal.abort(new Error('stop'));
    const undecided = new Promise<'content'>(() => undefined);
    await expect(repository.findManifest('v1', undecided, { signal: stop })).rejects.toThrow(
      'stop',
    );
  });
});

describe('rewritten names', () => {
  it('mount from the rewritten repository', async () => {
    const script: Script = ({ method }) =>
      method === 'HEAD'
        ? { status: 404 }
        : { status: 201, headers: { location: `/v2/real/app/blobs/${layer.digest}` } };
    await using at = await setUp({ primary: script });
    const repository = at.client.repository({
      registry: 'logical',
      repository: 'app',
      access: 'push',
      mountFrom: ['other'],
    });
    await repository.headManifest('v1');
    expect(at.upcomingScopes).toEqual(['repository:real/other:pull']);
    const source = {
      descriptor: layer,
      open: async () => {
        throw new Error('nothing is to be sent');
      },
    };
    expect(await repository.putBlob(source, { mountFrom: ['other'] })).toBe('mounted');
    expect(at.servers['primary']?.lines.at(-1)).toContain('from=real%2Fother');
  });

  it('the catalog is that of the place, below its path', async () => {
    const body = '{"repositories":["real/a","real/b/c","realm","x"]}';
    await using at = await setUp({ primary: () => ({ status: 200, body }) });
    expect(await listAll(at.client.catalog('logical'))).toEqual(['a', 'b/c']);
  });
});
