import { writeFile } from 'node:fs/promises';
import { generateKeyPairSync, hash, sign as signBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { parseTrustPolicy } from '../../src/config/containers/trust-policy.ts';
import { AppError } from '../../src/errors/app-error.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { parsePlatform } from '../../src/oci/platform.ts';
import { readPublicKey, trustKeys } from '../../src/signing/keys/public.ts';
import { requirePolicy } from '../../src/signing/policy/containers-policy.ts';
import { requireImagePolicy } from '../../src/signing/policy/image-policy.ts';
import { parseImagePolicy } from '../../src/signing/policy/image-policy-file.ts';
import { JudgedImage, type JudgeContext } from '../../src/signing/policy/judged-image.ts';
import { requireRekor } from '../../src/signing/policy/rekor-entry.ts';
import { locate } from '../../src/transports/locate.ts';
import { tempDir, type TempDir } from '../helpers/temp.ts';
import { readVectors, vectorStore, type Content, type Expected } from './vectors.ts';

interface Image {
  readonly ref: string;
  readonly root: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly manifests: Readonly<Record<string, string>>;
  readonly blobs: readonly string[];
}

interface Case {
  readonly id: string;
  readonly policy: string;
  readonly results: Readonly<
    Record<string, { readonly expected: Expected & { readonly underTheNameSkopeo?: number } }>
  >;
}

const { keys, images, cases, contents } = readVectors('policy.json') as {
  readonly keys: Readonly<Record<string, string>>;
  readonly images: Readonly<Record<string, Image>>;
  readonly cases: readonly Case[];
  readonly contents: Readonly<Record<string, Content>>;
};

function storeOf({ tags, manifests, blobs }: Image) {
  return vectorStore(
    {
      tags,
      blobs: Object.fromEntries(blobs.map((digest) => [digest, digest])),
      manifests: Object.fromEntries(
        Object.entries(manifests).map(([digest, type]) => [digest, { type, content: digest }]),
      ),
    },
    contents,
  );
}

/** As `copy` calls it: one platform unless the case asks for all. */
function judgedImage(name: string, image: Image, more: Partial<JudgeContext> = {}): JudgedImage {
  const context: JudgeContext = {
    cwd: () => '/nowhere',
    openRead: async () => storeOf(image),
    host: { os: 'linux', architecture: 'amd64' },
    concurrency: 4,
    acceptBundles: false,
    eachImage: false,
    ...more,
  };
  const platforms = name.endsWith('-all') ? [] : [parsePlatform('linux/amd64')];
  return new JudgedImage(locate(image.ref), context, { platforms });
}

async function statusOf(judge: () => Promise<unknown>): Promise<number> {
  try {
    await judge();
    return 0;
  } catch (error) {
    if (error instanceof AppError) return error.exitStatus;
    throw error;
  }
}

const rows = cases.flatMap(({ id, policy, results }) =>
  Object.entries(results).map(([name, { expected }]) => ({
    title: `${id}: ${name}`,
    name,
    policy,
    expected,
  })),
);

describe('policies of skopeo', () => {
  let dir: TempDir;
  beforeAll(async () => {
    dir = await tempDir();
    for (const [name, text] of Object.entries(keys)) await writeFile(dir.join(name), text);
  });
  afterAll(() => dir[Symbol.asyncDispose]());
  const judge = (name: string, policy: string, more: Partial<JudgeContext>) =>
    statusOf(async () => {
      const image = images[name];
      if (image === undefined) throw new Error(`no image ${name}`);
      const parsed = parseTrustPolicy(policy.replaceAll('@DIR@', dir.path), '/p.json');
      await requirePolicy(parsed, judgedImage(name, image, more));
    });

  test.each(rows)('$title', async ({ name, policy, expected }) => {
    const status = await judge(name, policy, {});
    if (expected.exit === null) expect([0, 1, 3]).toContain(status);
    else expect([expected.exit].flat()).toContain(status);
    // skopeo looks at the signatures of each image only.
    const asSkopeo = await judge(name, policy, { eachImage: true });
    if (expected.underTheNameSkopeo === 1) expect(asSkopeo).toBe(3);
  });

  it('a bundle suffices only without signedIdentity, and only if that is asked for', async () => {
    const policy = (more: object) =>
      JSON.stringify({
        default: [{ type: 'sigstoreSigned', keyPath: dir.join('a.pub'), ...more }],
      });
    const accept = { acceptBundles: true };
    expect(await judge('bundle', policy({}), {})).toBe(3);
    expect(await judge('bundle', policy({}), accept)).toBe(0);
    const identity = { signedIdentity: { type: 'matchRepository' } };
    expect(await judge('bundle', policy(identity), accept)).toBe(3);
  });
});

describe('an index under the rule that each image is signed', () => {
  const requirement = { type: 'sigstoreSigned', keyData: '' };
  test.each([
    ['without images', []],
    [
      'with other content',
      [{ mediaType: 'application/x-other', digest: `sha256:${'a'.repeat(64)}`, size: 1 }],
    ],
  ])('%s has to be signed itself', async (_case, manifests) => {
    const type = 'application/vnd.oci.image.index.v1+json';
    const raw = JSON.stringify({ schemaVersion: 2, mediaType: type, manifests });
    const digest = digestOf(Buffer.from(raw));
    const store = vectorStore(
      { tags: { v1: digest }, blobs: {}, manifests: { [digest]: { type, content: 'index' } } },
      { index: { text: raw } },
    );
    const context = {
      cwd: () => '/nowhere',
      openRead: async () => store,
      host: { os: 'linux', architecture: 'amd64' },
      concurrency: 1,
      acceptBundles: false,
      eachImage: true,
    };
    const image = new JudgedImage(locate('registry.example/team/app:v1'), context, {});
    const keyData = Buffer.from(keys['a.pub'] ?? '').toString('base64');
    const policy = { default: [{ ...requirement, keyData }] };
    const judged = requirePolicy(parseTrustPolicy(JSON.stringify(policy), '/p.json'), image);
    await expect(judged).rejects.toMatchObject({ code: 'POLICY_REJECTED' });
  });
});

describe('a policy in YAML', () => {
  const own = images['both-keys'] as Image;
  const judge = async (text: string, image: Image = own): Promise<number> => {
    await using dir = await tempDir();
    for (const [name, key] of Object.entries(keys)) await writeFile(dir.join(name), key);
    return await statusOf(async () =>
      requireImagePolicy(
        await parseImagePolicy(text, dir.join('trust.yaml')),
        judgedImage('own', image),
      ),
    );
  };

  test.each([
    ['a key', 'rules:\n- images: 127.0.0.1:5811/team/*\n  keys: a.pub\n', 0],
    ['another key', 'rules:\n- images: ["**"]\n  keys: [b.pub]\n', 0],
    ['both keys', 'rules:\n- images: "**"\n  keys: [a.pub, b.pub]\n  signatures: 2\n', 0],
    ['no rule', 'rules:\n- images: docker.io/**\n  accept: true\n', 3],
    ['a star ends at a slash', 'rules:\n- images: 127.0.0.1:5811/*\n  accept: true\n', 3],
    [
      'the first rule',
      'rules:\n- {images: "**/two", accept: false}\n- {images: "**", accept: true}\n',
      3,
    ],
    [
      'a rule for others',
      'rules:\n- {images: other, accept: false}\n- {images: "**", accept: true}\n',
      0,
    ],
    ['no rules', 'rules: []\n', 1],
    ['nothing', '', 1],
    ['a key twice', 'rules:\n- images: "**"\n  accept: false\n  accept: true\n', 1],
    ['an unknown member', 'rules:\n- images: "**"\n  key: a.pub\n', 1],
    ['neither keys nor accept', 'rules:\n- images: "**"\n', 1],
    ['more than there can be', 'rules:\n- {images: "**", keys: a.pub, signatures: 2}\n', 1],
    [
      'identities without a root',
      'rules:\n- {images: "**", identities: [{identity: a, issuer: b}]}\n',
      1,
    ],
    [
      'an identity without an issuer',
      'rules:\n- {images: "**", trusted-root: r, identities: [{identity: a}]}\n',
      1,
    ],
    [
      'a missing root',
      'rules:\n- {images: "**", trusted-root: r, identities: [{identity: a, issuer: b}]}\n',
      1,
    ],
    ['a missing key', 'rules:\n- {images: "**", keys: none.pub}\n', 1],
    ['a broken key', 'rules:\n- {images: "**", keys: bad.pub}\n', 1],
    ['broken YAML', 'rules: [', 1],
  ])('%s', async (_case, text, status) => {
    expect(await judge(text)).toBe(status);
  });

  it('counts a signer once, whatever the name of its key', async () => {
    const rule = 'rules:\n- {images: "**", keys: [a.pub, ./a.pub], signatures: 2}\n';
    expect(await judge(rule, images['own'])).toBe(3);
  });

  it('refuses what nobody signed', async () => {
    expect(await judge('rules:\n- {images: "**", keys: a.pub}\n', images['unsigned'])).toBe(3);
    expect(await judge('rules:\n- {images: "**", keys: a.pub}\n', images['key-b'])).toBe(3);
  });
});

describe('the entry of a log', () => {
  const pair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const [signer, log, otherLog] = [pair(), pair(), pair()];
  const keyOf = ({ publicKey }: ReturnType<typeof pair>, name: string) =>
    readPublicKey(String(publicKey.export({ type: 'spki', format: 'pem' })), name);
  const content = Buffer.from('payload');
  const signature = signBytes('sha256', content, signer.privateKey);
  const entryOf = (about: Buffer, signed: Buffer, { publicKey } = signer): string => {
    const pem = String(publicKey.export({ type: 'spki', format: 'pem' }));
    const spec = {
      data: { hash: { algorithm: 'sha256', value: hash('sha256', about) } },
      signature: {
        content: signed.toString('base64'),
        publicKey: { content: Buffer.from(pem).toString('base64') },
      },
    };
    const record = { apiVersion: '0.0.1', kind: 'hashedrekord', spec };
    const body = Buffer.from(JSON.stringify(record)).toString('base64');
    const payload = { body, integratedTime: 1_767_225_600, logID: 'ab', logIndex: 7 };
    const promise = signBytes('sha256', Buffer.from(JSON.stringify(payload)), log.privateKey);
    // Another order than that of the promise: what is signed is canonical.
    const { logIndex, ...rest } = payload;
    return JSON.stringify({
      SignedEntryTimestamp: promise.toString('base64'),
      Payload: { logIndex, ...rest },
    });
  };
  const verify = (rekorEntry: string | undefined, by = log) =>
    requireRekor(trustKeys([keyOf(signer, 'k')]), [keyOf(by, 'log')]).signerOf({
      content,
      signature,
      rekorEntry,
    });

  it('that holds gives the time', async () => {
    const found = await verify(entryOf(content, signature));
    expect(found).toMatchObject({ name: 'key k', time: '2026-01-01T00:00:00.000Z' });
  });

  test.each([
    ['missing', undefined, log, /no entry/u],
    ['of another log', entryOf(content, signature), otherLog, /not of a log/u],
    ['about other bytes', entryOf(Buffer.from('x'), signature), log, /another signature/u],
    ['about another signature', entryOf(content, Buffer.from('x')), log, /another signature/u],
    ['about another key', entryOf(content, signature, otherLog), log, /another signature/u],
    ['without a promise', '{"Payload":{}}', log, /not complete/u],
  ])('%s does not count', async (_case, entry, by, reason) => {
    await expect(verify(entry, by)).rejects.toThrow(reason);
  });
});
