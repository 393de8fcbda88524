import { describe, expect, it } from 'vitest';
import { COMMAND_GROUPS } from '../../../src/commands/index.ts';
import { parseArguments } from '../../../src/cli/args/parse.ts';
import { parseLine } from '../../../src/cli/personas/line.ts';
import { calledAs, PERSONAS } from '../../../src/cli/personas/names.ts';
import { withNoun } from '../../../src/cli/personas/own.ts';
import { rewrite } from '../../../src/cli/personas/rewrite.ts';
import { hasNoun } from '../../../src/cli/personas/tools/nouns.ts';
import { VERBS } from '../../../src/cli/personas/tools/regclient/verbs.ts';
import { WORDS } from '../../../src/cli/personas/tools/words.ts';
import type { Line } from '../../../src/cli/personas/types.ts';
import { thrown } from '../../helpers/thrown.ts';

const HOST = { platform: 'linux', arch: 'x64' };
const MACHINE: Line['machine'] = {
  env: {},
  home: '/home/me',
  os: 'linux',
  uid: 1000,
  platform: { os: 'linux', architecture: 'amd64' },
};

/** Words that our own parser takes. */
function checked(argv: readonly string[]): string {
  parseArguments(argv, COMMAND_GROUPS, { host: HOST, columns: 80 });
  return argv.join(' ');
}

async function as(name: string, line: string): Promise<string> {
  const persona = await PERSONAS.get(name)?.();
  if (persona === undefined) throw new Error(name);
  const rewritten = rewrite(persona, line.split(' '), MACHINE);
  return rewritten.kind === 'print' ? rewritten.text : checked(rewritten.argv);
}

function regclient(line: string): string {
  const rewritten = withNoun(line.split(' '), MACHINE);
  if (rewritten === undefined) return 'ours';
  return 'text' in rewritten ? rewritten.text : checked(rewritten.argv);
}

describe('crane', () => {
  it.each([
    ['digest --full-ref r/a:1', 'digest --full-ref r/a:1'],
    ['digest --tarball a.tar', 'digest docker-archive:a.tar'],
    ['ls -O r/a', 'tags --no-digest-tags r/a'],
    ['copy -a -n r/a r/b', 'copy --all-tags --missing r/a r/b'],
    ['cp -n r/a:1 r/b:1', 'copy --no-clobber r/a:1 r/b:1'],
    ['--platform all copy r/a r/b', 'copy r/a r/b'],
    [
      '--insecure --platform linux/arm64 manifest r/a',
      'manifest --tls-verify=false --platform=linux/arm64 r/a',
    ],
    ['delete r/a:1', 'delete --untag --yes --quiet r/a:1'],
    ['delete r/a@sha256:1', 'delete --yes --quiet r/a@sha256:1'],
    ['pull r/a:1 a.tar', 'copy r/a:1 docker-archive:a.tar'],
    ['pull --format=oci r/a:1 dir', 'copy r/a:1 oci:dir'],
    ['push dir r/a:1', 'copy oci:dir r/a:1'],
    ['push a.tgz r/a:1', 'copy docker-archive:a.tgz r/a:1'],
    ['copy --allow-nondistributable-artifacts r/a r/b', 'copy --allow-nondistributable r/a r/b'],
    ['auth login r -u a -p b', 'login --username=a --password=b r'],
  ])('%s', async (line, expected) => {
    expect(await as('crane', line)).toBe(expected);
  });
});

describe('oras', () => {
  it.each([
    [
      'cp -r --from-plain-http --to-insecure r/a:1 r/b:1',
      'copy --referrers --src-plain-http --dest-tls-verify=false r/a:1 r/b:1',
    ],
    ['cp --from-oci-layout dir:1 r/b:1', 'copy oci:dir:1 r/b:1'],
    ['cp --to-oci-layout r/a:1 dir:1', 'copy r/a:1 oci:dir:1'],
    ['manifest fetch --oci-layout dir:1', 'manifest oci:dir:1'],
    ['manifest fetch --pretty r/a:1', 'manifest --output=json r/a:1'],
    ['manifest push --media-type t r/a:1 m.json', 'manifest-put --content-type=t r/a:1 m.json'],
    ['manifest delete -f r/a@sha256:1', 'delete --yes --ignore-missing r/a@sha256:1'],
    ['resolve -l r/a:1', 'digest --full-ref r/a:1'],
    ['tag r/a:1 b c', 'tag r/a:1 b c'],
    ['repo tags --last 1 --exclude-digest-tags r/a', 'tags --last=1 --no-digest-tags r/a'],
    ['repo tags r/a@sha256:1', 'tags --digest=sha256:1 r/a'],
    ['blob fetch --output f r/a@sha256:1', 'blob r/a@sha256:1'],
    ['blob push r/a f', 'blob-put r/a f'],
    ['backup --output d r/a:1', 'copy r/a:1 oci:d:1'],
    ['restore --input d.tar r/a:1', 'copy --referrers oci-archive:d.tar:1 r/a:1'],
    ['login -u a --password-stdin r', 'login --username=a --password-stdin r'],
  ])('%s', async (line, expected) => {
    expect(await as('oras', line)).toBe(expected);
  });
});

describe('podman', () => {
  it('has the logins of containers/common, and says what to use for others', async () => {
    expect(await as('podman', 'logout -a')).toContain('logout --must-exist');
    await expect(as('podman', 'pull alpine')).rejects.toMatchObject({ code: 'USAGE' });
  });
});

describe("regclient's nouns", () => {
  it.each([
    [
      'image copy --digest-tags r/a:1 ocidir://d:1',
      '--format=ocidir://d:1 copy --digest-tags r/a:1 oci:d:1',
    ],
    ['image copy --format {{.CommonName}} r/a r/b', '--format={{.Destination}} copy r/a r/b'],
    ['image inspect --format {{.GetConfig.OS}} r/a', 'config --image --format={{.OS}} r/a'],
    ['image config --format raw-body r/a', 'config --image r/a'],
    ['image import r/a:1 f.tar', 'load --input f.tar r/a:1'],
    ['image import ocidir://d:1 f.tar', 'copy oci-archive:f.tar oci:d:1'],
    ['image import --name n:1 r/a:1 f.tar', 'copy docker-archive:f.tar:n:1 r/a:1'],
    ['manifest get r/a', 'inspect --no-tags --output=text r/a'],
    ['manifest head -p local r/a', 'digest --override-os=linux r/a'],
    ['manifest delete --force-tag-dereference r/a:1', 'delete --yes --quiet --force r/a:1'],
    ['-v debug tag ls --include v1.* r/a', 'tags --debug --include=^(?:v1.*)$ r/a'],
    ['tag rm --ignore-missing r/a:1', 'delete --untag --yes --ignore-missing r/a:1'],
    ['repo copy --new-tags r/a r/b', 'copy --all-tags --missing r/a r/b'],
    ['blob get r/a sha256:1', 'blob r/a@sha256:1'],
    ['registry login -u a --pass-stdin r', 'login --username=a --password-stdin r'],
    [
      '--host reg=r,user=u,pass=p,tls=disabled image digest r/a',
      'digest --creds=u:p --plain-http r/a',
    ],
  ])('%s', (line, expected) => {
    expect(regclient(line)).toBe(expected);
  });

  it('a word of ours keeps its meaning', () => {
    for (const line of ['tag r/a:1 latest', 'manifest r/a', 'blob r/a@sha256:1', 'config r/a']) {
      expect(hasNoun(line.split(' ')), line).toBe(false);
    }
  });

  it('are found by the list of nouns, all of them', () => {
    const names = VERBS.flatMap(({ words, aliases = [] }) => [words, ...aliases]);
    expect(names.filter((name) => !hasNoun(name.split(' ')))).toEqual([]);
  });

  it('a manifest of a tag is deleted only if that is said', () => {
    expect(thrown(() => regclient('manifest delete r/a:1')).hint).toContain('tag rm');
  });
});

describe('the name', () => {
  it.each([
    ['/usr/local/bin/skopeo', ['copy'], 'skopeo'],
    ['C:\\tools\\crane.cmd', ['copy'], 'crane'],
    ['/x/bin/regctl.js', ['copy'], undefined],
    [undefined, ['--as', 'oras', 'cp'], 'oras'],
    ['/usr/bin/skopeo', ['--as=regctl', 'tags'], undefined],
  ] as const)('%s %s', async (program, argv, name) => {
    expect((await calledAs(program, argv).load?.())?.name).toBe(name);
  });

  it('--as with another name says which there are', () => {
    expect(thrown(() => calledAs(undefined, ['--as', 'docker'])).hint).toContain('skopeo, crane');
  });
});

describe('a word that regctl does not have', () => {
  const parse = (line: string): Promise<unknown> =>
    parseLine(
      line.split(' '),
      undefined,
      COMMAND_GROUPS,
      { io: { ...MACHINE, host: HOST }, columns: 80 },
      () => undefined,
    );

  it('gets the line that does it', async () => {
    await expect(parse('manifest create r/a r/b')).rejects.toMatchObject({
      message: 'unknown command "manifest create"',
      hint: expect.stringContaining('regctl index create') as string,
    });
    await expect(parse('imags')).rejects.toMatchObject({
      message: 'unknown command "imags"',
      hint: expect.stringContaining('regctl tags REPOSITORY') as string,
    });
    // Our own commands are nearer.
    await expect(parse('inspekt')).rejects.toMatchObject({ hint: 'Did you mean inspect?' });
    await expect(parse('images')).rejects.toMatchObject({
      message: 'unknown command "images"',
      hint: expect.stringContaining('regctl tags REPOSITORY') as string,
    });
    await expect(parse('--quiet gc r/a')).rejects.toMatchObject({
      hint: expect.stringContaining('regctl prune') as string,
    });
  });

  it('every line of the table is one that our parser takes', () => {
    for (const [word, hint] of Object.entries(WORDS)) {
      const line = /: regctl ([^.]*)$/u.exec(hint)?.[1];
      if (line === undefined) continue;
      const words =
        line
          .split(' | ')[0]
          ?.replaceAll(/"[^"]*"/gu, 'x')
          .split(' ') ?? [];
      const argv = words.map((part) => (part === 'N' ? '1' : part));
      if (argv.length < 2) continue;
      expect(() => checked(argv), `${word}: ${line}`).not.toThrow();
    }
  });
});
