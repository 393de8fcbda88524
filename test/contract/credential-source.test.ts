import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fileSource } from '../../src/credentials/sources/auth-file.ts';
import { flagSource } from '../../src/credentials/sources/flags.ts';
import { createHelper } from '../../src/credentials/helpers/helper.ts';
import { helperSource } from '../../src/credentials/sources/containers-helpers.ts';
import { createCredentialChain } from '../../src/credentials/chain.ts';
import type { CredentialSource } from '../../src/credentials/types.ts';
import type { AuthFileFormat } from '../../src/config/containers/auth-files.ts';
import { tempDir, type TempDir } from '../helpers/temp.ts';
import { basic, memoryHelpers } from '../credentials/fake-helpers.ts';

const SECRET = 'canary-7f3a';

interface Subject {
  readonly name: string;
  /** A source that holds `ann` with the secret for a.io, and nothing else. */
  make(dir: TempDir): Promise<CredentialSource>;
  /** It was told for no registry in particular, so it answers for all. */
  readonly forEveryHost?: boolean;
}

const fail = (text: string): never => {
  throw new Error(`Unexpected warning: ${text}`);
};
const entry = { 'a.io': { auth: basic(`ann:${SECRET}`) } };

async function fromFile(
  dir: TempDir,
  format: AuthFileFormat,
  content: unknown,
): Promise<CredentialSource> {
  const path = dir.join(format, 'file.json');
  await mkdir(dirname(path));
  await writeFile(path, JSON.stringify(content), { mode: 0o600 });
  const vault = { 'a.io': { Username: 'ann', Secret: SECRET } };
  const { run } = memoryHelpers({ vault });
  return fileSource(
    { path, format, named: false },
    { run, warn: fail, lookupOnce: (_key, ask) => ask(new AbortController().signal) },
  );
}

/** Behind the chain there is one source only, so the chain stands for it. */
async function variable(): Promise<CredentialSource> {
  const env = { DOCKER_AUTH_CONFIG: JSON.stringify({ auths: entry }) };
  const chain = createCredentialChain({
    env,
    home: '/nowhere',
    configDir: '/nowhere',
    warn: fail,
    flags: {},
  });
  return {
    name: chain.describeSources()[0] ?? '',
    async get(host, repository, options) {
      const credential = await chain.lookup(host, repository, options);
      const [step] = await chain.explain(host, repository, options);
      return { credential, detail: step?.detail ?? '' };
    },
  };
}

const SUBJECTS: readonly Subject[] = [
  {
    name: 'flags',
    make: async () => flagSource({ creds: `ann:${SECRET}` }, 'a.io') ?? fail('no source'),
  },
  {
    name: 'flags of a command that names no registry',
    make: async () => flagSource({ creds: `ann:${SECRET}` }) ?? fail('no source'),
    forEveryHost: true,
  },
  { name: 'DOCKER_AUTH_CONFIG', make: variable },
  { name: "Docker's file", make: (dir) => fromFile(dir, 'docker', { auths: entry }) },
  { name: 'containers-auth.json', make: (dir) => fromFile(dir, 'containers', { auths: entry }) },
  { name: '.dockercfg', make: (dir) => fromFile(dir, 'dockercfg', entry) },
  { name: 'credsStore', make: (dir) => fromFile(dir, 'docker', { credsStore: 'vault' }) },
  {
    name: 'credential-helpers of registries.conf',
    make: async () => {
      const { run } = memoryHelpers({ vault: { 'a.io': { Username: 'ann', Secret: SECRET } } });
      const helper = createHelper({ suffix: 'vault', namedBy: 'x', run });
      return helperSource(helper, (_key, ask) => ask(new AbortController().signal));
    },
  },
  {
    name: 'credHelpers of a containers-auth.json',
    make: (dir) => fromFile(dir, 'containers', { credHelpers: { 'a.io': 'vault' } }),
  },
];

describe.each(SUBJECTS)('credential source: $name', ({ make, forEveryHost = false }) => {
  it('answers for its registry, with user, secret and origin', async () => {
    await using dir = await tempDir();
    const source = await make(dir);
    expect(source.name).not.toBe('');
    for (const repository of [undefined, 'team/app']) {
      const { credential, detail } = await source.get('a.io', repository);
      expect(credential).toMatchObject({ kind: 'basic', username: 'ann', password: SECRET });
      expect(credential?.origin).not.toBe('');
      expect(`${detail} ${credential?.origin} ${source.name}`).not.toContain(SECRET);
      expect(detail).not.toBe('');
    }
  });

  if (forEveryHost) return;

  it('answers for no look-alike', async () => {
    await using dir = await tempDir();
    const source = await make(dir);
    for (const host of [
      'b.io',
      'a.io:5000',
      'a.io.evil.com',
      'evil-a.io',
      'sub.a.io',
      'docker.io',
    ]) {
      const { credential, detail } = await source.get(host, 'a.io/team');
      expect(credential, host).toBeUndefined();
      expect(detail).not.toBe('');
    }
  });
});
