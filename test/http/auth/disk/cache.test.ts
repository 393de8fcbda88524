import { chmod, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { AuthScheme } from '../../../../src/http/auth/challenge.ts';
import { createTokenFile, type TokenFile } from '../../../../src/http/auth/disk/cache.ts';
import type { ChallengeKey, TokenOwner } from '../../../../src/http/auth/token-store.ts';
import { createTemporaries, type ProcessNames } from '../../../../src/util/temporaries.ts';
import { tempDir, type TempDir } from '../../../helpers/temp.ts';
import { START } from '../../setup.ts';

const uid = process.getuid?.();
const HOUR = 3_600_000;
const OWNER: TokenOwner = {
  registry: 'r.example',
  origin: 'https://r.example',
  realm: 'https://r.example/token',
  service: 'reg',
  identity: 'fingerprint-of-a-login',
  persistent: true,
};
const PLACE: ChallengeKey = {
  registry: 'r.example',
  origin: 'https://r.example',
  area: 'repository',
};
const OFFERS: readonly AuthScheme[] = [
  { kind: 'bearer', realm: new URL('https://r.example/token'), service: 'reg' },
  { kind: 'basic' },
];
const SCOPES = ['repository:a:pull'];
const token = (value: string, renewAt = START + HOUR, scopes = SCOPES) => ({
  value,
  renewAt,
  scopes,
});

interface Opened {
  readonly file: TokenFile;
  readonly traced: string[];
}

function open(
  dir: TempDir,
  change: { now?: number; uid?: number | undefined; processes?: ProcessNames } = {},
): Opened {
  const traced: string[] = [];
  const { processes } = change;
  const file = createTokenFile({
    folder: dir.join('regctl'),
    uid,
    now: () => change.now ?? START,
    trace: (line) => void traced.push(line),
    ...(processes === undefined ? {} : { processes: async () => processes }),
    ...('uid' in change && { uid: change.uid }),
  });
  return { file, traced };
}

/** One run: what is learnt is written at its end. */
async function run(dir: TempDir, learn: (file: TokenFile) => void, now = START): Promise<string[]> {
  const { file, traced } = open(dir, { now });
  await file.ready();
  learn(file);
  await file.close();
  return traced;
}

async function values(dir: TempDir, owner = OWNER, now = START): Promise<string[]> {
  const { file } = open(dir, { now });
  await file.ready();
  return file.tokens(owner).map(({ value }) => value);
}

async function offers(
  dir: TempDir,
  challenge = PLACE,
  now = START,
): Promise<readonly AuthScheme[]> {
  const { file } = open(dir, { now });
  await file.ready();
  return file.offers(challenge);
}

describe('the token file', () => {
  it('gives a later run what an earlier one learnt', async () => {
    await using dir = await tempDir();
    await run(dir, (file) => {
      file.keepToken(OWNER, token('t1'));
      file.keepOffers(PLACE, OFFERS);
    });
    const { file } = open(dir);
    await file.ready();
    expect(file.tokens(OWNER)).toEqual([expect.objectContaining(token('t1'))]);
    expect(file.offers(PLACE)).toEqual(OFFERS);
    expect(file.offers({ ...PLACE, area: 'registry' })).toEqual([]);
  });

  it('is private, and holds no login and nothing to guess one by', async () => {
    await using dir = await tempDir();
    await run(dir, (file) => file.keepToken(OWNER, token('t1')));
    expect((await stat(dir.join('regctl'))).mode & 0o777).toBe(0o700);
    for (const name of await readdir(dir.join('regctl'))) {
      expect((await stat(dir.join('regctl', name))).mode & 0o777, name).toBe(0o600);
    }
    expect((await readdir(dir.join('regctl'))).sort()).toEqual(['tokens.json', 'tokens.key']);
    expect(await readFile(dir.join('regctl/tokens.json'), 'utf8')).not.toContain(OWNER.identity);
  });

  it('is made for no run that learnt nothing, and not written again for one', async () => {
    await using dir = await tempDir();
    await run(dir, () => undefined);
    expect(await readdir(dir.path)).toEqual([]);
    await run(dir, (file) => file.keepOffers(PLACE, OFFERS));
    const before = await stat(dir.join('regctl/tokens.json'));
    await run(dir, (file) => file.keepOffers(PLACE, OFFERS));
    expect((await stat(dir.join('regctl/tokens.json'))).ino).toBe(before.ino);
  });

  it.each([
    ['registry', 'other.example'],
    ['origin', 'https://r.example unverified'],
    ['realm', 'https://r.example/other'],
    ['service', 'other'],
    ['service', undefined],
    ['identity', 'another login'],
  ])('keeps tokens other %s (%s) apart', async (field, value) => {
    await using dir = await tempDir();
    await run(dir, (file) => file.keepToken(OWNER, token('t1')));
    expect(await values(dir, { ...OWNER, [field]: value })).toEqual([]);
  });

  it('knows nobody’s tokens by another key', async () => {
    await using dir = await tempDir();
    await run(dir, (file) => file.keepToken(OWNER, token('t1')));
    await writeFile(dir.join('regctl/tokens.key'), Buffer.alloc(32));
    expect(await values(dir)).toEqual([]);
  });

  it('never takes a token of a keychain’s login', async () => {
    await using dir = await tempDir();
    await run(dir, (file) => {
      file.keepToken({ ...OWNER, persistent: false }, token('t1'));
      file.keepOffers(PLACE, OFFERS);
    });
    expect(await readFile(dir.join('regctl/tokens.json'), 'utf8')).not.toContain('t1');
  });

  it('replaces a token of the same scopes and keeps others beside it', async () => {
    await using dir = await tempDir();
    const push = ['repository:a:push,pull'];
    await run(dir, (file) => file.keepToken(OWNER, token('t1')));
    await run(dir, (file) => file.keepToken(OWNER, token('t2')), START + 1);
    await run(dir, (file) => file.keepToken(OWNER, token('t3', START + HOUR, push)), START + 2);
    expect(await values(dir)).toEqual(['t3', 't2']);
  });

  it('serves no token past its time and prunes it at the next write', async () => {
    await using dir = await tempDir();
    await run(dir, (file) => file.keepToken(OWNER, token('old')));
    const later = START + HOUR;
    expect(await values(dir, OWNER, later)).toEqual([]);
    await run(dir, (file) => file.keepOffers(PLACE, OFFERS), later);
    expect(await readFile(dir.join('regctl/tokens.json'), 'utf8')).not.toContain('"old"');
  });

  it('keeps no token for longer than a day and no challenge for longer than a week', async () => {
    await using dir = await tempDir();
    const day = 24 * HOUR;
    await run(dir, (file) => {
      file.keepToken(OWNER, token('eternal', START + 1000 * day));
      file.keepOffers(PLACE, OFFERS);
    });
    expect(await values(dir, OWNER, START + day - 1)).toEqual(['eternal']);
    expect(await values(dir, OWNER, START + day)).toEqual([]);
    expect(await offers(dir, PLACE, START + 7 * day - 1)).toEqual(OFFERS);
    expect(await offers(dir, PLACE, START + 7 * day)).toEqual([]);
  });

  it('believes nothing that was written in the future', async () => {
    await using dir = await tempDir();
    await run(dir, (file) => file.keepToken(OWNER, token('t1')), START);
    expect(await values(dir, OWNER, START - HOUR)).toEqual([]);
  });

  it('drops a refused token with what else its owner left, in this run and later', async () => {
    await using dir = await tempDir();
    const other = { ...OWNER, identity: 'somebody else' };
    await run(dir, (file) => {
      file.keepToken(OWNER, token('t1'));
      file.keepToken(OWNER, token('t2', START + HOUR, ['repository:b:pull']));
      file.keepToken(other, token('t3'));
    });
    await run(dir, (file) => {
      file.dropToken('t1');
      expect(file.tokens(OWNER)).toEqual([]);
    });
    expect(await values(dir)).toEqual([]);
    expect(await values(dir, other)).toEqual(['t3']);
  });

  it('drops a challenge that led nowhere', async () => {
    await using dir = await tempDir();
    await run(dir, (file) => file.keepOffers(PLACE, OFFERS));
    await run(dir, (file) => file.dropOffers(PLACE));
    expect(await offers(dir)).toEqual([]);
  });

  it('forgets a registry at once, under every name of Docker Hub, and no other', async () => {
    await using dir = await tempDir();
    const hub = { ...OWNER, registry: 'docker.io' };
    await run(dir, (file) => {
      file.keepToken(hub, token('t1'));
      file.keepOffers({ ...PLACE, registry: 'docker.io' }, OFFERS);
      file.keepToken(OWNER, token('t2'));
    });
    const { file } = open(dir);
    expect(await file.forget('index.docker.io')).toBe(true);
    expect(await values(dir, hub)).toEqual([]);
    expect(await offers(dir, { ...PLACE, registry: 'docker.io' })).toEqual([]);
    expect(await values(dir)).toEqual(['t2']);
  });

  it('bounds what is kept, the newest first', async () => {
    await using dir = await tempDir();
    await run(dir, (file) => file.keepToken(OWNER, token('oldest')), START - 1);
    await run(dir, (file) => {
      for (let index = 0; index < 300; index += 1) {
        file.keepToken(OWNER, token('x'.repeat(8000), START + HOUR, [`repository:${index}:pull`]));
        file.keepOffers({ ...PLACE, origin: `https://${'y'.repeat(4000)}${index}` }, OFFERS);
      }
      file.keepToken(OWNER, token('z'.repeat(20_000), START + HOUR, ['repository:huge:pull']));
    });
    const text = await readFile(dir.join('regctl/tokens.json'), 'utf8');
    expect(text.length).toBeLessThan(600_000);
    expect(text).not.toContain('oldest');
    expect(text).not.toContain('zzz');
    expect((await values(dir)).length).toBeGreaterThan(20);
  });
});

describe('runs beside each other', () => {
  it('lose nothing of what each has learnt', async () => {
    await using dir = await tempDir();
    const names = Array.from({ length: 20 }, (_item, index) => `repository:${index}:pull`);
    const files = names.map(() => open(dir).file);
    await Promise.all(files.map((file) => file.ready()));
    files.forEach((file, index) =>
      file.keepToken(OWNER, token(`t${index}`, START + HOUR, [names[index] ?? ''])),
    );
    await Promise.all(files.map((file) => file.close()));
    expect((await values(dir)).length).toBe(20);
    expect((await readdir(dir.join('regctl'))).sort()).toEqual(['tokens.json', 'tokens.key']);
  });

  it('take over the lock of one that died', async () => {
    await using dir = await tempDir();
    await mkdir(dir.join('regctl'), { mode: 0o700 });
    await writeFile(dir.join('regctl/tokens.lock'), 'of the dead');
    await run(dir, (file) => file.keepToken(OWNER, token('t1')));
    expect(await values(dir)).toEqual(['t1']);
  });

  it('do not bring back what another has forgotten', async () => {
    await using dir = await tempDir();
    await run(dir, (file) => file.keepToken(OWNER, token('t1')));
    const { file } = open(dir);
    await file.ready();
    await open(dir).file.forget(OWNER.registry);
    file.keepOffers({ ...PLACE, registry: 'else.example' }, OFFERS);
    await file.close();
    expect(await values(dir)).toEqual([]);
  });
});

describe('a damaged file', () => {
  const record = (change: object): string =>
    JSON.stringify({
      version: 1,
      tokens: [{ registry: 'r', scopes: [], ...change }],
      challenges: [],
    });
  it.each([
    '',
    '{',
    'null',
    '[]',
    '"x"',
    '\u0000\uFFFD',
    '{"version":2,"tokens":[]}',
    '{"version":1}',
    '{"version":1,"tokens":{"a":1},"challenges":"x"}',
    '{"version":1,"tokens":[null,1,[],{}],"challenges":[null,{"offers":[{}]}]}',
    record({ value: 'a\r\nb' }),
    '['.repeat(100_000),
  ])('%j counts as none, and is written anew', async (text) => {
    await using dir = await tempDir();
    await run(dir, (file) => file.keepToken(OWNER, token('t1')));
    await writeFile(dir.join('regctl/tokens.json'), text);
    expect(await values(dir)).toEqual([]);
    await run(dir, (file) => file.keepToken(OWNER, token('t2')));
    expect(await values(dir)).toEqual(['t2']);
  });

  it('gives up only the records that are odd', async () => {
    await using dir = await tempDir();
    await run(dir, (file) => {
      file.keepToken(OWNER, token('good'));
      file.keepToken(OWNER, token('evil', START + HOUR, ['repository:b:pull']));
      file.keepOffers(PLACE, OFFERS);
    });
    const path = dir.join('regctl/tokens.json');
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replace('"evil"', '"evil\\r\\nX-Injected: 1"'));
    expect(await values(dir)).toEqual(['good']);
    await writeFile(path, text.replace('"kind":"bearer"', '"kind":"negotiate"'));
    expect(await offers(dir)).toEqual([]);
  });

  it('of the key, too', async () => {
    await using dir = await tempDir();
    await run(dir, (file) => file.keepToken(OWNER, token('t1')));
    await writeFile(dir.join('regctl/tokens.key'), 'short');
    await run(dir, (file) => file.keepToken(OWNER, token('t2')));
    expect(await values(dir)).toEqual(['t2']);
    expect((await stat(dir.join('regctl/tokens.key'))).size).toBe(32);
  });
});

describe('a logout while another run is under way', () => {
  it('keeps out what that run had learnt before, and lets in what comes after', async () => {
    await using dir = await tempDir();
    const { file: under } = open(dir);
    await under.ready();
    const { file: logout } = open(dir);
    expect(await logout.forget('r.example')).toBe(true);
    under.keepToken(OWNER, token('old'));
    under.keepOffers(PLACE, OFFERS);
    under.keepToken({ ...OWNER, registry: 'other.example' }, token('other'));
    await under.close();
    expect([await values(dir), await offers(dir)]).toEqual([[], []]);
    expect(await values(dir, { ...OWNER, registry: 'other.example' })).toEqual(['other']);

    await run(dir, (file) => file.keepToken(OWNER, token('new')));
    expect(await values(dir)).toEqual(['new']);
  });

  it('does not keep out what the run itself learns after its own', async () => {
    await using dir = await tempDir();
    const { file } = open(dir);
    await file.forget('r.example');
    file.keepToken(OWNER, token('new'));
    await file.close();
    expect(await values(dir)).toEqual(['new']);
  });
});

describe('many runs that end at once', () => {
  it('keep a token each', async () => {
    await using dir = await tempDir();
    const names = Array.from({ length: 60 }, (_, i) => `repository:r${i}:pull`);
    const files = names.map((name) => ({ name, file: open(dir).file }));
    await Promise.all(files.map(({ file }) => file.ready()));
    for (const { name, file } of files) file.keepToken(OWNER, token(name, START + HOUR, [name]));
    await Promise.all(files.map(({ file }) => file.close()));
    expect((await values(dir)).toSorted()).toEqual(names.toSorted());
  });

  it('hold no more tokens than are written, however many repositories one asks', async () => {
    await using dir = await tempDir();
    await run(dir, (file) => {
      for (let i = 0; i < 1000; i += 1)
        file.keepToken(OWNER, token(`t${i}`, START + HOUR, [`repository:r${i}:pull`]));
    });
    const kept = await values(dir);
    expect([kept.length, kept.includes('t999'), kept.includes('t899')]).toEqual([100, true, false]);
  });
});

describe('without a usable folder there is no cache, and one line of --debug', () => {
  const cases: readonly [string, (dir: TempDir) => Promise<unknown>][] = [
    ['a file in its place', (dir) => writeFile(dir.join('regctl'), 'mine')],
    [
      'one that is open to others',
      (dir) => mkdir(dir.join('regctl')).then(() => chmod(dir.join('regctl'), 0o755)),
    ],
    [
      'a link',
      (dir) =>
        mkdir(dir.join('elsewhere'), { mode: 0o700 }).then(() =>
          symlink('elsewhere', dir.join('regctl')),
        ),
    ],
    ['a link to nothing', (dir) => symlink('nowhere', dir.join('regctl'))],
  ];
  it.each(cases)('%s', async (_name, prepare) => {
    await using dir = await tempDir();
    await prepare(dir);
    const traced = await run(dir, (file) => {
      file.keepToken(OWNER, token('canary'));
      file.keepOffers(PLACE, OFFERS);
    });
    expect(await values(dir)).toEqual([]);
    expect(traced).toEqual([expect.stringContaining('token cache: not used')]);
    expect(traced[0]).not.toContain('canary');
    expect(await open(dir).file.forget(OWNER.registry)).toBe(true);
  });

  it('somebody else’s', async () => {
    await using dir = await tempDir();
    await run(dir, (file) => file.keepToken(OWNER, token('t1')));
    const { file, traced } = open(dir, { uid: (uid ?? 0) + 1 });
    await file.ready();
    expect(file.tokens(OWNER)).toEqual([]);
    expect(traced).toEqual([expect.stringContaining('belongs to another user')]);
  });

  it('below a file', async () => {
    await using dir = await tempDir();
    await writeFile(dir.join('file'), '');
    const traced: string[] = [];
    const file = createTokenFile({
      folder: dir.join('file/regctl'),
      uid,
      now: () => START,
      trace: (line) => void traced.push(line),
    });
    await file.ready();
    file.keepToken(OWNER, token('t1'));
    await file.close();
    expect(traced).toEqual([expect.stringContaining('cannot write to')]);
    expect(await file.forget(OWNER.registry)).toBe(true);
  });

  it('one that cannot be written to still gives what is in it', async () => {
    await using dir = await tempDir();
    await run(dir, (file) => file.keepToken(OWNER, token('t1')));
    // Root may write anywhere; a folder where the lock belongs stops even root.
    await mkdir(dir.join('regctl/tokens.lock'));
    const traced = await run(dir, (file) => {
      expect(file.tokens(OWNER)).toHaveLength(1);
      file.keepToken(OWNER, token('t2'));
    });
    expect(traced).toEqual([
      expect.stringContaining('1 tokens'),
      expect.stringContaining('cannot write to'),
    ]);
    expect(await open(dir).file.forget('unknown.example')).toBe(true);
    expect(await open(dir).file.forget(OWNER.registry)).toBe(false);
    await rm(dir.join('regctl/tokens.lock'), { recursive: true });
    expect(await values(dir)).toEqual(['t1']);
  });
});

it('what a killed run was writing goes with the next write, and what a running one writes stays', async () => {
  await using dir = await tempDir();
  const of = (self: string): ProcessNames => ({
    self,
    isRunning: async (name) => name.startsWith('live-'),
  });
  const named = (self: string): string =>
    createTemporaries({ processes: of(self), uid, now: () => Date.now() }).name();
  await run(dir, (file) => file.keepToken(OWNER, token('first')));
  const [dead, live] = [named('dead-1'), named('live-1')];
  for (const name of [dead, live]) await writeFile(dir.join(`regctl/${name}`), 'secret');
  const { file } = open(dir, { processes: of('live-2') });
  await file.ready();
  file.keepToken(OWNER, token('second', START + HOUR, ['repository:b:pull']));
  await file.close();
  const left = await readdir(dir.join('regctl'));
  expect(left).toContain(live);
  expect(left).not.toContain(dead);
});
