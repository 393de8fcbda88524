import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import {
  parseTrustPolicy,
  readHostPolicy,
  readPolicyText,
} from '../../src/config/containers/trust-policy.ts';
import { JudgedImage } from '../../src/signing/policy/judged-image.ts';
import { requirePolicy } from '../../src/signing/policy/containers-policy.ts';
import { nameScopes, pathScopes, scopesOf } from '../../src/signing/policy/policy-scopes.ts';
import { locate } from '../../src/transports/locate.ts';
import { tempDir } from '../helpers/temp.ts';
import { codeOf, thrown } from '../helpers/thrown.ts';

const ACCEPT = [{ type: 'insecureAcceptAnything' }];
const REJECT = [{ type: 'reject' }];
const policy = (json: unknown): ReturnType<typeof parseTrustPolicy> =>
  parseTrustPolicy(JSON.stringify(json), '/p.json');

/** An image of which nothing can be read: these rules look at its name only. */
const judged = (image: string): JudgedImage =>
  new JudgedImage(
    locate(image),
    {
      cwd: () => '/work',
      openRead: () => Promise.reject(new Error('read')),
      host: { os: 'linux', architecture: 'amd64' },
      concurrency: 1,
      acceptBundles: false,
      eachImage: false,
    },
    {},
  );

/** `accepted`, or the code of the refusal. */
async function judge(json: unknown, image: string): Promise<string> {
  return codeOf(
    requirePolicy(policy(json), judged(image)).then(() => {
      throw new Error('accepted');
    }),
  ).catch((error: unknown) => String(error));
}

describe('scopes, the narrowest first', () => {
  it('of a name: itself, the repository, namespaces, the host, and domains above it', () => {
    expect(nameScopes('r.example.com:5000/a/b', '1')).toEqual([
      'r.example.com:5000/a/b:1',
      'r.example.com:5000/a/b',
      'r.example.com:5000/a',
      'r.example.com:5000',
      '*.example.com',
      '*.com',
    ]);
    expect(nameScopes('localhost/a')[0]).toBe('localhost/a:latest');
  });

  it('of a path: itself and the directories above, links resolved', async () => {
    expect(pathScopes('/a/b/c')).toEqual(['/a/b/c', '/a/b', '/a']);
    await using dir = await tempDir();
    await mkdir(dir.join('real'));
    await symlink(dir.join('real'), dir.join('link'));
    const scopes = await scopesOf(locate(`oci:${dir.join('link')}:v1`), () => '/');
    expect(scopes?.[0]).toBe(dir.join('real'));
    expect((await scopesOf(locate('dir:x'), () => '/work'))?.[0]).toBe('/work/x');
  });
});

describe('a policy', () => {
  it.each([
    ['the default', { default: REJECT }, 'quay.io/a:1', 'POLICY_REJECTED'],
    [
      'another transport',
      { default: ACCEPT, transports: { oci: { '': REJECT } } },
      'quay.io/a:1',
      'accepted',
    ],
    [
      'the empty scope',
      { default: ACCEPT, transports: { docker: { '': REJECT } } },
      'quay.io/a:1',
      'POLICY_REJECTED',
    ],
    [
      'the longest match',
      { default: ACCEPT, transports: { docker: { 'quay.io': REJECT, 'quay.io/team': ACCEPT } } },
      'quay.io/team/app:1',
      'accepted',
    ],
    [
      'a tag',
      { default: ACCEPT, transports: { docker: { 'quay.io/team/app:1': REJECT } } },
      'quay.io/team/app:1',
      'POLICY_REJECTED',
    ],
    [
      'a wildcard',
      { default: ACCEPT, transports: { docker: { '*.example.com': REJECT } } },
      'r.example.com/app:1',
      'POLICY_REJECTED',
    ],
    [
      'Docker Hub by its full name',
      { default: ACCEPT, transports: { docker: { 'docker.io/library/busybox': REJECT } } },
      'busybox',
      'POLICY_REJECTED',
    ],
    [
      'a directory above',
      { default: ACCEPT, transports: { dir: { '/work': REJECT } } },
      'dir:images/a',
      'POLICY_REJECTED',
    ],
    [
      'all requirements count',
      { default: [...ACCEPT, ...REJECT] },
      'quay.io/a:1',
      'POLICY_REJECTED',
    ],
    [
      'a signature that nobody checks',
      { default: [{ type: 'signedBy', keyType: 'GPGKeys', keyPath: '/k' }] },
      'quay.io/a:1',
      'USAGE',
    ],
    [
      'a certificate of Fulcio',
      { default: [{ type: 'sigstoreSigned', fulcio: { caPath: '/ca', oidcIssuer: 'i' } }] },
      'quay.io/a:1',
      'USAGE',
    ],
    [
      'a certificate of an own authority',
      { default: [{ type: 'sigstoreSigned', pki: { caRootsPath: '/ca' } }] },
      'quay.io/a:1',
      'USAGE',
    ],
  ])('%s', async (_case, json, image, expected) => {
    expect(await judge(json, image)).toContain(expected);
  });

  it('that is wrong names the file and the rule', () => {
    const message = (json: unknown): string => thrown(() => policy(json)).message;
    expect(message({ default: [{ type: 'blessed' }] })).toMatch(/\/p\.json.*default.*"blessed"/u);
    expect(message({ transports: {} })).toContain('default has no list of requirements');
    expect(message({ default: [] })).toContain('default has no list of requirements');
    expect(message({ default: ACCEPT, more: 1 })).toContain('unknown member "more"');
    expect(message({ default: [{ type: 'reject', unless: 'x' }] })).toContain('"unless"');
    expect(thrown(() => parseTrustPolicy('{"default":[', '/p.json')).code).toBe('CONFIG_INVALID');
    expect(
      thrown(() => parseTrustPolicy('{"default":[],"default":[]}', '/p.json')).message,
    ).toContain('default');
  });

  it("of the machine: the user's file, else the system's", async () => {
    await using dir = await tempDir();
    const files = { env: {}, home: dir.path, os: 'linux' };
    await mkdir(dir.join('.config/containers'), { recursive: true });
    await writeFile(
      dir.join('.config/containers/policy.json'),
      JSON.stringify({ default: REJECT }),
    );
    expect((await readHostPolicy(files))?.default).toEqual(REJECT);
    expect(await codeOf(readPolicyText(dir.join('none.json')))).toBe('CONFIG_INVALID');
  });
});
