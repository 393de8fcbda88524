import { describe, expect, it } from 'vitest';
import { parseRegistriesConf } from '../../../src/config/containers/registries-conf.ts';

const parse = (text: string) => parseRegistriesConf({ path: '/r.conf', text });
const failure = async (text: string): Promise<string> =>
  parse(text).then(
    () => 'no failure',
    (error: { code: string; message: string; hint: string }) => {
      expect(error.code).toBe('CONFIG_INVALID');
      return `${error.message} (${error.hint})`;
    },
  );

describe('registries.conf v2', () => {
  it('is read with its defaults', async () => {
    const document = await parse(`
      unqualified-search-registries = ["docker.io"]
      credential-helpers = ["containers-auth.json"]
      short-name-mode = "enforcing"
      unknown = 1
      [aliases]
      "fedora" = "registry.fedoraproject.org/fedora"
      "gone" = ""
      [[registry]]
      location = "Registry.Example:5000/"
      [[registry]]
      prefix = "*.Example.com"
      insecure = true
      [[registry]]
      prefix = "docker.io"
      location = "index.docker.io"
      blocked = true
      mirror-by-digest-only = true
      [[registry.mirror]]
      location = "m.example/hub"
      insecure = true
      [[registry]]
      prefix = "tags.example"
      [[registry.mirror]]
      location = "m.example"
      pull-from-mirror = "tag-only"
    `);
    expect(document.searchRegistries).toEqual(['docker.io']);
    expect(document.credentialHelpers).toEqual(['containers-auth.json']);
    expect([...document.aliases]).toEqual([
      ['fedora', 'registry.fedoraproject.org/fedora'],
      ['gone', ''],
    ]);
    const plain = { insecure: false, blocked: false, mirrors: [], file: '/r.conf' };
    expect(document.registries).toEqual([
      { ...plain, prefix: 'registry.example:5000', location: 'registry.example:5000' },
      { ...plain, prefix: '*.example.com', location: undefined, insecure: true },
      {
        ...plain,
        prefix: 'docker.io',
        location: 'docker.io',
        blocked: true,
        mirrors: [{ location: 'm.example/hub', insecure: true, use: 'digest-only' }],
      },
      {
        ...plain,
        prefix: 'tags.example',
        location: undefined,
        mirrors: [{ location: 'm.example', insecure: false, use: 'tag-only' }],
      },
    ]);
  });

  it.each([
    ['a = ', /^\/r\.conf:1:\d+: .* \(Correct line 1 of \/r\.conf\.\)$/u],
    [
      '[[registry]]\nblocked = "yes"\nlocation="a.b"',
      /registry\[0\]\.blocked must be true or false/u,
    ],
    ['[[registry]]\ninsecure = true', /registry\[0\] has neither a prefix nor a location/u],
    ['[[registry]]\nlocation = "https://a.b"', /registry\[0\]\.location has a scheme/u],
    ['[[registry]]\nlocation = 1', /registry\[0\]\.location must be text/u],
    ['[[registry]]\nlocation = "/x"', /does not begin with a host/u],
    ['[[registry]]\nprefix = "*.a.b/c"', /"\*\." takes only a host/u],
    ['[[registry]]\nprefix = "*.*.b"', /"\*\." takes only a host/u],
    [
      '[registry]\nlocation = "a.b"',
      /registry must be a list of tables, written \[\[registry\]\]/u,
    ],
    [
      '[[registry]]\nlocation="a.b"\n[[registry.mirror]]\ninsecure=true',
      /mirror\[0\] has no location/u,
    ],
    [
      '[[registry]]\nlocation="a.b"\n[[registry.mirror]]\nlocation="m"\npull-from-mirror="some"',
      /one of all, digest-only, tag-only/u,
    ],
    [
      '[[registry]]\nlocation="a.b"\nmirror-by-digest-only=true\n[[registry.mirror]]\nlocation="m"\npull-from-mirror="all"',
      /contradicts mirror-by-digest-only/u,
    ],
    ['[aliases]\nx = "a.b/c:1"', /aliases\.x: an alias has no tag and no digest/u],
    ['[aliases]\nx = 1', /aliases\.x must be text/u],
    ['unqualified-search-registries = "docker.io"', /must be a list of texts/u],
    [
      '[[registry]]\nlocation="a.b"\n[[registry]]\nlocation="a.b"\nblocked=true',
      /the prefix "a\.b" stands there twice, with another "blocked"/u,
    ],
  ])('refuses %j', async (text, expected) => {
    expect(await failure(text)).toMatch(expected);
  });

  it('version 1 is read', async () => {
    const document = await parse(`
      [registries.search]
      registries = ['docker.io', 'quay.io']
      [registries.insecure]
      registries = ['a.example:5000', 'both.example']
      [registries.block]
      registries = ['both.example', 'bad.example/team/']
    `);
    expect(document.searchRegistries).toEqual(['docker.io', 'quay.io']);
    expect(
      document.registries.map(({ prefix, insecure, blocked }) => [prefix, insecure, blocked]),
    ).toEqual([
      ['a.example:5000', true, false],
      ['both.example', true, true],
      ['bad.example/team', false, true],
    ]);
  });

  it('version 1 without entries says nothing, and may stand next to version 2', async () => {
    const empty = '[registries.search]\nregistries = []\n[registries.block]\nregistries = []\n';
    expect(await parse(empty)).toMatchObject({ registries: [], searchRegistries: undefined });
    const both = await parse(`${empty}[[registry]]\nlocation="a.b"`);
    expect(both.registries).toHaveLength(1);
  });

  it.each([
    [
      "[registries.search]\nregistries = ['a.b']\n[[registry]]\nlocation='a.b'",
      /version 1 stands/u,
    ],
    ['registries = 1', /registries must be a table/u],
    ["[registries.insecure]\nregistries = 'a.b'", /must be a list of texts/u],
    ["[registries.block]\nregistries = ['https://a.b']", /has a scheme/u],
  ])('version 1 is refused: %j', async (text, expected) => {
    expect(await failure(text)).toMatch(expected);
  });

  it('keys such as __proto__ are data', async () => {
    const { aliases } = await parse('[aliases]\n"__proto__" = "a.b/c"\n"constructor" = "a.b/d"');
    expect(aliases.get('constructor')).toBe('a.b/d');
    expect(({} as Record<string, unknown>)['a']).toBeUndefined();
  });
});
