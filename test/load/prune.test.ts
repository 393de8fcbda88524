import { afterAll, beforeAll, expect, it } from 'vitest';
import { digestOf } from '../../src/oci/digest.ts';
import { MEDIA_TYPE } from '../../src/oci/media-types.ts';
import { startScriptedServer, type ScriptedServer } from '../helpers/scripted-server.ts';
import { FULL, newLab, tell, type Lab } from './lab.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await newLab();
});
afterAll(() => lab[Symbol.asyncDispose]());

const TAGS = FULL ? 5000 : 500;
const LAYERS = 10;
const DAY = 86_400_000;

interface Node {
  readonly type: string;
  readonly bytes: Buffer;
}

/** A repository of indexes with one platform each, ten layers a platform, none of them shared. */
function makeRepository(): { tags: Map<string, string>; nodes: Map<string, Node> } {
  const tags = new Map<string, string>();
  const nodes = new Map<string, Node>();
  const add = (type: string, body: object): object => {
    const bytes = Buffer.from(JSON.stringify(body));
    const digest = digestOf(bytes);
    nodes.set(digest, { type, bytes });
    return { mediaType: type, digest, size: bytes.length };
  };
  for (let i = 0; i < TAGS; i += 1) {
    const created = new Date(Date.UTC(2026, 0, 1) - i * DAY).toISOString();
    const manifests = ['amd64'].map((architecture) => {
      const config = add(MEDIA_TYPE.ociConfig, { created, architecture, os: 'linux', number: i });
      const layers = Array.from({ length: LAYERS }, (_, n) => ({
        mediaType: MEDIA_TYPE.ociLayerGzip,
        digest: digestOf(Buffer.from(`${i} ${architecture} ${n}`)),
        size: 1000,
      }));
      const mediaType = MEDIA_TYPE.ociManifest;
      return add(mediaType, { schemaVersion: 2, mediaType, config, layers });
    });
    const mediaType = MEDIA_TYPE.ociIndex;
    const { digest } = add(mediaType, { schemaVersion: 2, mediaType, manifests }) as {
      digest: string;
    };
    tags.set(`v${i}`, digest);
  }
  return { tags, nodes };
}

async function serve(): Promise<ScriptedServer> {
  const { tags, nodes } = makeRepository();
  return startScriptedServer(({ path }) => {
    const { pathname } = new URL(path, 'http://registry');
    const ref = pathname.slice(pathname.lastIndexOf('/') + 1);
    if (pathname === '/v2/app/tags/list') {
      const headers = { 'content-type': 'application/json' };
      return {
        status: 200,
        headers,
        body: JSON.stringify({ name: 'app', tags: [...tags.keys()] }),
      };
    }
    const node = nodes.get(tags.get(ref) ?? ref);
    if (!/\/(?:manifests|blobs)\//u.test(pathname) || node === undefined) return { status: 404 };
    const headers = {
      'content-type': node.type,
      'docker-content-digest': tags.get(ref) ?? ref,
      'content-length': String(node.bytes.length),
    };
    return { status: 200, headers, body: node.bytes };
  });
}

it(`a plan for ${TAGS} tags, each an index of an image, is complete, and in little memory`, async () => {
  await using server = await serve();
  const done = await lab.regctl([
    '-o',
    'json',
    'prune',
    `${server.host}/app`,
    '--keep',
    '10',
    '--older-than',
    '1d',
  ]);
  tell(`\`prune\`, ${TAGS} tags`, done);
  const plan = JSON.parse(done.stdout) as {
    readonly Keep: readonly unknown[];
    readonly Delete: readonly unknown[];
    readonly Manifests: readonly unknown[];
  };
  expect(plan.Keep).toHaveLength(10);
  expect(plan.Manifests).toHaveLength((TAGS - 10) * 2);
  // Two lists, one look for the referrers API, and each index, platform and configuration once.
  expect(server.lines.length).toBeLessThanOrEqual(TAGS * 3 + 20);
}, 300_000);
