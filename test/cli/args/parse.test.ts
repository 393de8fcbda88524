import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/errors/app-error.ts';
import { COMMAND_GROUPS, COMMANDS } from '../../../src/commands/index.ts';
import { parseArguments, type Parsed } from '../../../src/cli/args/parse.ts';
import { flagsOf } from '../../../src/cli/args/argv.ts';
import { suggest } from '../../../src/cli/args/suggest.ts';
import { IMAGE_NAMES } from '../../../src/cli/args/topics.ts';
import { longName, shortName } from '../../../src/cli/args/flags.ts';
import { TRANSPORTS } from '../../../src/transports/index.ts';
import { group, spec } from '../fake-io.ts';

const tags = spec({
  name: 'tags',
  otherNames: { '--max': '--limit', '-m': '--limit' },
  aliases: ['ls'],
  args: [{ name: 'repository', summary: 'where', required: true }],
  options: [
    { flags: '--limit <n>', summary: 'at most', kind: 'integer' },
    { flags: '--include <re>', summary: 'keep', kind: 'list' },
    { flags: '-n, --no-tags', summary: 'none', kind: 'flag' },
    { flags: '--sort <by>', summary: 'order', kind: 'string', choices: ['name', 'version'] },
    { flags: '--old <x>', summary: 'gone', kind: 'string', hidden: true },
  ],
  examples: [{ command: 'regctl tags busybox', description: 'all of them' }],
});
const inspect = spec({
  name: 'inspect',
  args: [{ name: 'image', summary: 'which', required: true }],
  options: [{ flags: '--config', summary: 'the configuration', kind: 'flag' }],
});
const copy = spec({
  name: 'copy',
  hasSourceAndDestination: true,
  args: [
    { name: 'source', summary: 'from', required: true },
    { name: 'destination', summary: 'to', required: true },
  ],
  options: [
    { flags: '-f, --format <type>', summary: 'manifest type', kind: 'string' },
    { flags: '-q, --quick', summary: 'takes the letter of --quiet', kind: 'flag' },
  ],
});
const create = spec({
  name: 'thing create',
  args: [{ name: 'image', summary: 'which', required: true }],
  options: [{ flags: '--label <text>', summary: 'a label', kind: 'string' }],
});
const groups = group(tags, inspect, copy, create);

function parse(...argv: readonly string[]): Parsed {
  return parseArguments(argv, groups, { host: { platform: 'linux', arch: 'x64' }, columns: 80 });
}

function run(...argv: readonly string[]): Extract<Parsed, { kind: 'run' }> {
  const parsed = parse(...argv);
  if (parsed.kind !== 'run') throw new Error(`printed: ${parsed.text}`);
  return parsed;
}

function print(...argv: readonly string[]): string {
  const parsed = parse(...argv);
  if (parsed.kind !== 'print') throw new Error('did not print');
  return parsed.text;
}

function usage(...argv: readonly string[]): AppError {
  try {
    parse(...argv);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error(`${argv.join(' ')} was accepted`);
}

describe('commands', () => {
  it('are found by name and alias', () => {
    expect(run('tags', 'busybox')).toMatchObject({ spec: tags, input: { args: ['busybox'] } });
    expect(run('ls', 'busybox').spec).toBe(tags);
  });

  it.each([
    [['tgas', 'busybox'], /unknown command "tgas"/, 'tags'],
    [['tgas', '--help'], /unknown command "tgas"/, 'tags'],
    [['help', 'tgas'], /unknown command "tgas"/, 'tags'],
    [['tags', '--limt', '3', 'x'], /unknown option "--limt"/, '--limit'],
    [['tags', '--credz', 'a:b', 'x'], /unknown option "--credz"/, '--creds'],
    [['tags', '--max', '3', 'x'], /unknown option "--max"/, 'Did you mean --limit?'],
    [['tags', '--max=3', 'x'], /unknown option "--max"/, 'Did you mean --limit?'],
    [['tags', '-m', '3', 'x'], /unknown option "-m"/, 'Did you mean --limit?'],
    [['tags', '-ps3cret', 'x'], /unknown option "-p"$/, 'tags --help'],
    [['tags'], /missing required argument "repository"/, 'REPOSITORY'],
    [['tags', 'a', 's3cret'], /too many arguments for "tags".* but got 2\.$/, 'REPOSITORY'],
    [['--src-cred', 'a:s3cret', 'tags', 'x'], /unknown option "--src-cred"$/, 'help'],
    [['tags', '--limit', 'x', 'a'], /whole number/, 'tags --help'],
    [['tags', '--limit', '-1', 'a'], /whole number/, 'tags --help'],
    [['tags', '--sort', 'age', 'a'], /name, version/, 'tags --help'],
    [['tags', '--tls-verify=maybe', 'a'], /true or false/, 'tags --help'],
    [['-o', 'yaml', 'tags', 'a'], /text, json, ndjson/, 'help'],
    [['--debug'], /no command/, 'regctl --help'],
    [['-o', 'jsn', 'tags', 'a'], /text, json, ndjson/, 'Did you mean json?'],
    [['tags', '--sort', 'nam', 'a'], /name, version/, 'Did you mean name?'],
  ])('%j is wrong usage, with a way on', (argv, message, hint) => {
    const error = usage(...argv);
    expect(error.exitStatus).toBe(64);
    expect(error.message).toMatch(message);
    expect(error.hint).toContain(hint);
  });
});

describe('a suggestion', () => {
  it.each(['ps', 'nope', 'sav', 'x', 'toString'])(
    'is not made for %s, which is like nothing',
    (word) => {
      expect(usage(word).hint).not.toContain('Did you mean');
    },
  );

  it.each([
    ['tgas', 'tags'],
    ['inpsect', 'inspect'],
    ['list-tag', 'list-tags'],
  ])('is made for %s', (word, meant) => {
    const all = COMMANDS.map(({ name }) => name);
    expect(suggest(word, all)).toBe(meant);
  });

  it('is never more than a letter away from a word of four', () => {
    for (const word of ['save', 'psst', 'nope', 'list']) {
      expect(suggest(word, ['serve', 'copy', 'tags', 'ls'])).toBeUndefined();
    }
  });
});

describe('no words at all', () => {
  it('are a request for help', () => {
    expect(print()).toBe(print('--help'));
  });
});

describe('options', () => {
  it('keep their own names and kinds', () => {
    const { options } = run(
      'tags',
      '-n',
      '--limit=3',
      '--include',
      'a,b',
      '--include',
      'c',
      'x',
    ).input;
    expect(options).toEqual({ noTags: true, limit: 3, include: ['a,b', 'c'] });
  });

  it('follow Go: --x=true, --x=false, and an optional value only behind "="', () => {
    expect(run('tags', '--no-tags=false', '--quiet=true', 'x')).toMatchObject({
      input: { options: {} },
      flags: { quiet: true },
    });
    const verify = run('tags', '--tls-verify', 'x');
    expect(verify.input.args).toEqual(['x']);
    expect(verify.flags.sides.single.tlsVerify).toBe(true);
    expect(run('tags', '--tls-verify=false', 'x').flags.sides.single.tlsVerify).toBe(false);
  });

  it('end at "--"', () => {
    expect(run('tags', '--', '--limit').input.args).toEqual(['--limit']);
  });
});

describe('flags of every command', () => {
  it('stand before or behind the command', () => {
    const { flags } = run(
      '--retry-times',
      '2',
      '--allow-realm',
      'a',
      'tags',
      '-qo',
      'json',
      '--allow-realm=b',
      'x',
    );
    expect(flags).toMatchObject({
      retryTimes: 2,
      quiet: true,
      output: 'json',
      allowRealm: ['a', 'b'],
    });
  });

  it('behind win over before', () => {
    expect(run('-o', 'json', 'tags', '-o', 'text', 'x').flags.output).toBe('text');
  });

  it('keep their meaning in front of a command that has an option of that name', () => {
    const own = run('--config', '/dir', 'inspect', '--config', 'x');
    expect(own.flags.config).toBe('/dir');
    expect(own.input.options).toEqual({ config: true });
    const format = run('--format', '{{.Digest}}', 'copy', '--format', 'oci', '-q', 'a', 'b');
    expect(format.flags).toMatchObject({ format: '{{.Digest}}', quiet: false });
    expect(format.input.options).toEqual({ format: 'oci', quick: true });
    expect(run('copy', '--quiet', 'a', 'b').flags.quiet).toBe(true);
  });

  it('have --src- and --dest- forms where there are two sides', () => {
    const { sides } = run('copy', '--src-creds', 'a:b', '--dest-tls-verify=false', 'x', 'y').flags;
    expect(sides.src).toMatchObject({ creds: 'a:b', tlsVerify: undefined });
    expect(sides.dest).toMatchObject({ creds: undefined, tlsVerify: false });
    expect(usage('tags', '--src-creds', 'a:b', 'x').message).toMatch(/--src-creds/);
  });
});

describe('help', () => {
  it('of the program names every command and every topic', () => {
    for (const argv of [['--help'], ['-h'], ['help']]) {
      const text = print(...argv);
      for (const word of ['tags, ls', 'inspect', 'help topics']) {
        expect(text).toContain(word);
      }
      expect(text).not.toContain('--override-os');
    }
  });

  it('of a command shows usage, options, examples; hidden options not', () => {
    for (const argv of [
      ['help', 'tags'],
      ['tags', '--help'],
      ['ls', '-h'],
    ]) {
      const text = print(...argv);
      expect(text).toMatch(
        /^List the tags\n\nUsage: regctl tags \[options\] REPOSITORY {2}\(alias: ls\)\n/,
      );
      expect(text).toContain('regctl tags busybox');
      expect(text).toContain('(name, version)');
      expect(text).not.toContain('--old');
    }
  });

  it('stays within the width', () => {
    for (const text of [print('--help'), print('copy', '--help')]) {
      expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    }
  });

  it('names the transports that there are', () => {
    const schemes = IMAGE_NAMES.map(([name]) => /^([a-z-]+):(?:\/\/)?[A-Z]/.exec(name)?.[1]);
    expect(new Set(schemes.filter((scheme) => scheme !== undefined))).toEqual(
      new Set(TRANSPORTS.map((transport) => transport.scheme)),
    );
  });

  it('prints the version also behind other flags', () => {
    for (const words of [
      ['--debug', '--version'],
      ['-o', 'json', '-v'],
      ['-v', 'tags', 'a'],
    ]) {
      const environment = { host: { platform: 'linux', arch: 'x64' }, columns: 80 };
      const parsed = parseArguments(words, COMMAND_GROUPS, environment);
      expect(parsed).toMatchObject({ kind: 'run', spec: { name: 'version' } });
    }
  });
});

describe('the table of commands', () => {
  it('has no name, alias or option twice', () => {
    const names = COMMANDS.flatMap((one) => [one.name, ...(one.aliases ?? [])]);
    expect(new Set(names).size).toBe(names.length);
    for (const one of COMMANDS) {
      const flags = flagsOf(one).flatMap(({ flags: text }) => [longName(text), shortName(text)]);
      const given = flags.filter((flag) => flag !== undefined);
      expect(new Set(given).size, one.name).toBe(given.length);
    }
  });

  it('gives every command an example that the program accepts', () => {
    for (const one of COMMANDS) {
      expect(one.examples.length, one.name).toBeGreaterThan(0);
      for (const { command } of one.examples) {
        const own = command.split(/[|>]/u).find((part) => part.includes('regctl ')) ?? '';
        const words = own.match(/"[^"]*"|'[^']*'|\S+/gu) ?? [];
        const argv = words.slice(1).map((word) => word.replace(/^["']|["']$/gu, ''));
        const parsed = parseArguments(argv, group(...COMMANDS), {
          host: { platform: 'linux', arch: 'x64' },
          columns: 80,
        });
        expect(parsed.kind, command).toBe('run');
      }
    }
  });
});

describe('secrets in options that do not exist', () => {
  it.each(['--pasword=s3cret', '--screds=u:s3cret', '-z=s3cret', '--x=a=s3cret', '--y=a\ns3cret'])(
    '%j is named without its value',
    (option) => {
      for (const argv of [
        ['tags', option, 'x'],
        [option, 'tags', 'x'],
        ['tags', 'x', option],
      ]) {
        let error: unknown;
        try {
          parseArguments(argv, group(tags), {
            host: { platform: 'linux', arch: 'x64' },
            columns: 80,
          });
        } catch (thrown) {
          error = thrown;
        }
        const { message, hint } = error as AppError;
        expect(message).toBe(`unknown option "${option.slice(0, option.indexOf('='))}"`);
        expect(`${message} ${hint}`).not.toContain('s3cret');
      }
    },
  );
});

describe('a command of two words', () => {
  it('takes options before, between and after its arguments', () => {
    for (const argv of [
      ['thing', 'create', 'a', '--label', 'x'],
      ['--quiet', 'thing', 'create', '--label=x', 'a'],
    ]) {
      const { spec: chosen, input } = run(...argv);
      expect(chosen).toBe(create);
      expect(input).toEqual({ args: ['a'], options: { label: 'x' } });
    }
  });

  it('has a help page, and so has its first word', () => {
    expect(print('help', 'thing', 'create')).toContain(
      'Usage: regctl thing create [options] IMAGE',
    );
    expect(print('thing', 'create', '--help')).toBe(print('help', 'thing', 'create'));
    expect(print('help', 'thing')).toContain('thing create');
    expect(print('thing', '--help')).toBe(print('help', 'thing'));
  });

  it.each([
    [['thing'], 'cannot run "thing": it needs a second word'],
    [['thing', 'crate'], 'cannot run "thing": it has no "crate"'],
  ])('%j is wrong usage that names the commands', (argv, message) => {
    const error = usage(...argv);
    expect(error.message).toBe(message);
    expect(error.hint).toBe('Use one of: thing create.');
  });
});
