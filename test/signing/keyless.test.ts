import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { run } from '../../src/commands/verify/run.ts';
import { AppError } from '../../src/errors/app-error.ts';
import { parseDigest } from '../../src/oci/digest.ts';
import { MEDIA_TYPE } from '../../src/oci/media-types.ts';
import { openRoots, verifyByCertificate } from '../../src/signing/keyless/certificate.ts';
import { trustIdentities } from '../../src/signing/keyless/trust.ts';
import { readTrustedRoots } from '../../src/signing/keyless/trusted-root.ts';
import { requireImagePolicy } from '../../src/signing/policy/image-policy.ts';
import { parseImagePolicy } from '../../src/signing/policy/image-policy-file.ts';
import { JudgedImage } from '../../src/signing/policy/judged-image.ts';
import { locate } from '../../src/transports/locate.ts';
import { EMPTY_CONFIG, sourceOf, writeReferrer } from '../../src/signing/sign/documents.ts';
import { judge } from '../../src/signing/verify/judge.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import type { ReadStore } from '../../src/store/types.ts';
import { fakeContext, input, jsonOf } from '../commands/fake-context.ts';
import { tempDir, type TempDir } from '../helpers/temp.ts';
import { describeUnless } from '../helpers/when.ts';
import { contentBytes, readVectors, type Content, type Expected } from './vectors.ts';

interface Case {
  readonly id: string;
  readonly bundle: string;
  readonly trustedRoot: string;
  readonly flags: readonly string[];
  readonly asked: string;
  readonly expected: Expected;
}

const { cases, contents } = readVectors('keyless.json') as {
  readonly cases: readonly Case[];
  readonly contents: Readonly<Record<string, Content>>;
};

let dir: TempDir;
beforeAll(async () => {
  dir = await tempDir();
});
afterAll(() => dir[Symbol.asyncDispose]());

/** A store with this bundle attached to an image that it need not have. */
async function storeOf(bundle: Uint8Array, asked: string): Promise<ReadStore> {
  const store = createMemoryStore('registry.example/team/app');
  const image = { mediaType: MEDIA_TYPE.ociManifest, digest: parseDigest(asked), size: 400 };
  const layer = sourceOf('application/vnd.dev.sigstore.bundle.v0.3+json', bundle);
  await store.push(layer);
  await store.push(EMPTY_CONFIG);
  const referrer = writeReferrer(layer.descriptor, image, {
    predicateType: 'https://sigstore.dev/cosign/sign/v1',
    created: '2026-01-01T00:00:00Z',
  });
  await store.push(sourceOf(MEDIA_TYPE.ociManifest, referrer));
  return { ...store, resolve: async (ref) => (ref === asked ? image : store.resolve(ref)) };
}

async function verify({ bundle, trustedRoot, flags, asked }: Case) {
  const options: Record<string, string> = { trustedRoot: dir.join(trustedRoot) };
  for (let i = 0; i < flags.length; i += 2) {
    const name = (flags[i] ?? '')
      .slice(2)
      .replaceAll(/-(\w)/gu, (_, one: string) => one.toUpperCase());
    options[name] = flags[i + 1] ?? '';
  }
  await writeFile(dir.join(trustedRoot), contentBytes(contents[trustedRoot]));
  const store = await storeOf(contentBytes(contents[bundle]), asked);
  const context = fakeContext({ openRead: async () => store });
  return run(context, input([`registry.example/team/app@${asked}`], options), {});
}

async function exitOf(one: Case): Promise<number> {
  try {
    return Number((await verify(one)).exit);
  } catch (error) {
    if (error instanceof AppError) return error.exitStatus;
    throw error;
  }
}

describe('certificates', () => {
  test.each(cases.map((one) => [one.id, one] as const))('%s', async (_id, one) => {
    const exit = await exitOf(one);
    if (one.expected.exit === null) expect([0, 1, 3]).toContain(exit);
    else expect([one.expected.exit].flat()).toContain(exit);
  });

  it('are reported with who, by whom and when', async () => {
    const good = cases.find(({ id }) => id === 'good');
    if (good === undefined) throw new Error('no case');
    expect(jsonOf(await verify(good))).toMatchObject({
      Signatures: [
        {
          Counts: true,
          Signer:
            'https://github.com/octo/app/.github/workflows/release.yml@refs/heads/main (https://token.actions.githubusercontent.com)',
          Time: expect.stringMatching(/^2026-11-29T/u) as unknown,
        },
      ],
    });
  });

  it('hold under any root of a file with JSON lines, each by its own rules', async () => {
    const good = cases.find(({ id }) => id === 'good');
    if (good === undefined) throw new Error('no case');
    const one = (name: string): string => contentBytes(contents[name]).toString().trim();
    const lines = { text: `${one('other-ca.root.json')}\n${one('full.root.json')}\n` };
    const lined = { ...contents, 'lines.jsonl': lines };
    await writeFile(dir.join('lines.jsonl'), lines.text);
    expect(Object.keys(lined)).toContain('lines.jsonl');
    const options = {
      trustedRoot: dir.join('lines.jsonl'),
      certificateIdentityRegexp: 'octo/app',
      certificateOidcIssuerRegexp: 'githubusercontent',
    };
    const store = await storeOf(contentBytes(contents[good.bundle]), good.asked);
    const context = fakeContext({ openRead: async () => store });
    const { exit } = await run(context, input([`registry.example/a@${good.asked}`], options), {});
    expect(exit).toBe(0);
  });

  it('are judged by a policy in YAML', async () => {
    const good = cases.find(({ id }) => id === 'good');
    if (good === undefined) throw new Error('no case');
    await writeFile(dir.join('full.json'), contentBytes(contents['full.root.json']));
    const judged = async (issuer: string): Promise<unknown> => {
      const text = `rules:
- images: "**"
  trusted-root: full.json
  identities:
  - identity-regexp: ^https://github\\.com/octo/app/
    issuer: ${issuer}
`;
      const policy = await parseImagePolicy(text, dir.join('trust.yaml'));
      const store = await storeOf(contentBytes(contents[good.bundle]), good.asked);
      const context = {
        cwd: () => '/nowhere',
        openRead: async () => store,
        host: { os: 'linux', architecture: 'amd64' },
        concurrency: 2,
        acceptBundles: false,
        eachImage: false,
      };
      const image = new JudgedImage(locate(`registry.example/a@${good.asked}`), context, {});
      return requireImagePolicy(policy, image);
    };
    await judged('https://token.actions.githubusercontent.com');
    await expect(judged('https://token.actions')).rejects.toMatchObject({
      code: 'POLICY_REJECTED',
    });
  });

  test.each([
    ['no root', {}],
    ['a missing root', { trustedRoot: 'none.json' }],
  ])('%s is an error', async (_case, more) => {
    const options = { certificateIdentity: 'a@b.example', certificateOidcIssuer: 'i', ...more };
    const failed = run(fakeContext(), input(['r.example/a'], options), {});
    await expect(failed).rejects.toMatchObject({ message: /trusted.root/u });
  });

  it('a bundle with very many proofs is refused before any is checked', async () => {
    const bundle = JSON.parse(contentBytes(contents['good.sigstore.json']).toString()) as {
      verificationMaterial: { tlogEntries: unknown[] };
    };
    const [entry] = bundle.verificationMaterial.tlogEntries;
    bundle.verificationMaterial.tlogEntries = Array.from({ length: 33 }, () => entry);
    const failed = verifyByCertificate(bundle, []);
    await expect(failed).rejects.toThrow(/more than 32 log entries/u);
  });

  it('a file that is no root is refused', () => {
    for (const text of ['{}', '', 'x', '[1]', '{"mediaType":"a","mediaType":"b"}']) {
      expect(() => readTrustedRoots(text, 'f')).toThrow(/trusted root f/u);
    }
  });
});

const PUBLIC = join(import.meta.dirname, '../../../shared/vectors/trust');

interface PublicCase {
  readonly id: string;
  readonly content: string;
  readonly bundle: string;
  readonly trustedRoot: string;
  readonly identity?: string;
  readonly issuer?: string;
  readonly issuerRegexp?: string;
  readonly digest: string;
  readonly artifact?: string;
  readonly predicateType?: string;
  readonly key?: string;
  readonly expected: { readonly holds: boolean };
}

describeUnless(
  existsSync(join(PUBLIC, 'public/cases.json')) ? undefined : 'the recorded bundles are not here',
  'bundles of public repositories',
  () => {
    const read = (name: string): Buffer => readFileSync(join(PUBLIC, name));
    const all = existsSync(join(PUBLIC, 'public/cases.json'))
      ? (JSON.parse(read('public/cases.json').toString()) as { cases: PublicCase[] }).cases
      : [];

    test.each(all.filter(({ key }) => key === undefined).map((one) => [one.id, one] as const))(
      '%s',
      async (_id, one) => {
        const root = { text: read(one.trustedRoot).toString(), file: one.trustedRoot };
        const rule = {
          identity: { exact: one.identity },
          issuer: one.issuer === undefined ? { regexp: one.issuerRegexp } : { exact: one.issuer },
        };
        let holds = false;
        if (one.content === 'dsseEnvelope') {
          const subject = parseDigest(one.digest);
          const found = {
            form: 'bundle' as const,
            digest: subject,
            subject,
            bytes: read(one.bundle),
          };
          const demand = { predicateType: one.predicateType ?? '' };
          const { reason } = await judge(found, demand, await trustIdentities([rule], root));
          holds = reason === undefined;
        } else {
          const roots = await openRoots(readTrustedRoots(root.text, root.file));
          const document = JSON.parse(read(one.bundle).toString()) as Record<string, unknown>;
          holds = await verifyByCertificate(document, roots, read(one.artifact ?? '')).then(
            ({ name, issuer }) => name === one.identity && issuer === one.issuer,
            () => false,
          );
        }
        expect(holds).toBe(one.expected.holds);
      },
    );
  },
);
