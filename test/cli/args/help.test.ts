import { describe, expect, it } from 'vitest';
import { TOPICS } from '../../../src/cli/args/topics.ts';
import { commandHelp, programHelp, topicHelp } from '../../../src/cli/args/help.ts';
import { FLAG_GROUPS } from '../../../src/cli/args/flag-groups.ts';
import { longName } from '../../../src/cli/args/flags.ts';
import { parseArguments } from '../../../src/cli/args/parse.ts';
import { COMMAND_GROUPS, COMMANDS } from '../../../src/commands/index.ts';
import { thrown } from '../../helpers/thrown.ts';

const VERBS =
  /^(?:Add|Attach|Change|Check|Compare|Compute|Copy|Create|Delete|Diagnose|Export|Inspect|List|Load|Log|Print|Pull|Push|Repair|Run|Save|Search|Show|Sign|Sync|Verify)\b/u;
const WIDTHS = [60, 80, 100, 160];
/** These have twenty to thirty options of their own. */
const MAX_LINES: Readonly<Record<string, number>> = { mutate: 84, copy: 64, prune: 76, sync: 70 };
const host = { platform: 'linux', arch: 'x64' };

describe('the help of each command', () => {
  it.each(COMMANDS.map((spec) => [spec.name, spec] as const))('%s', (_name, spec) => {
    for (const width of WIDTHS) {
      const lines = commandHelp(spec, width).trimEnd().split('\n');
      expect(lines[0]).toBe(spec.summary);
      if (width === 80)
        expect(lines.length, lines.join('\n')).toBeLessThanOrEqual(MAX_LINES[spec.name] ?? 60);
      const start = lines.indexOf('Examples:');
      const end = lines.findIndex((line) => line.startsWith('Also: '));
      const wide = lines.filter(
        (line, at) => line.length > width && !(width < 100 && at > start && at < end),
      );
      expect(wide).toEqual([]);
    }
    expect(spec.summary).toMatch(/^[A-Z][a-z]+ .{3,54}[^.]$/u);
    expect(spec.summary).toMatch(VERBS);
    expect(spec.examples.length).toBeGreaterThanOrEqual(2);
    for (const { command, description } of spec.examples) {
      expect(command).toMatch(/\bregctl\b/u);
      expect(description).toMatch(/^[A-Z].*[^.]$/u);
    }
  });

  it('describes each option in one way', () => {
    const options = [...COMMANDS, ...FLAG_GROUPS.map(({ flags }) => ({ options: flags }))].flatMap(
      (one) => one.options,
    );
    for (const { flags, summary } of options) {
      expect(summary, flags).toMatch(/^[a-z0-9].{0,78}[^.]$/u);
    }
  });

  it('has the exit statuses and the shared options in topics', () => {
    expect(COMMANDS.map((spec) => commandHelp(spec, 80)).join('')).not.toContain('rate-limited, ');
    for (const topic of [...TOPICS.map(({ name }) => name), 'topics']) {
      const printed = parseArguments(['help', topic], COMMAND_GROUPS, { host, columns: 80 });
      expect(printed).toEqual({ kind: 'print', text: topicHelp(topic, 80) });
      for (const width of WIDTHS) {
        for (const text of [topicHelp(topic, width) ?? '', programHelp(COMMAND_GROUPS, width)]) {
          expect(text.split('\n').filter((line) => line.length > width)).toEqual([]);
        }
      }
    }
  });
});

describe('an option without a meaning for a command', () => {
  const parse = (...argv: readonly string[]) =>
    parseArguments(argv, COMMAND_GROUPS, { host, columns: 80 });

  it.each([
    ['serve', '--creds', 'a:b'],
    ['serve', '--concurrency', '3'],
    ['manifest-digest', '--creds', 'a:b'],
    ['logout', '--plain-http'],
    ['search', '--platform', 'linux/arm64'],
  ])('is refused before and after its name: %s %s', (name, ...option) => {
    const words = name === 'serve' ? [] : ['x'];
    for (const argv of [
      [name, ...option, ...words],
      [...option, name, ...words],
    ]) {
      const error = thrown(() => parse(...argv));
      expect(error).toMatchObject({
        message: `${name} does not use ${option[0]}`,
        exitStatus: 64,
      });
    }
  });

  it('is taken where the command uses it', () => {
    for (const { flags, id } of FLAG_GROUPS) {
      const users = COMMANDS.filter((spec) =>
        commandHelp(spec, 80).includes(id === 'tls' ? 'TLS' : id === 'files' ? 'login file' : id),
      );
      expect(users.length, flags.map((flag) => longName(flag.flags)).join()).toBeGreaterThan(0);
    }
  });
});
