import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { commandHelp, programHelp, topicHelp } from '../../src/cli/args/help.ts';
import { TOPICS } from '../../src/cli/args/topics.ts';
import { COMMAND_GROUPS, COMMANDS } from '../../src/commands/index.ts';
import { DOUBTFUL, findWords, FORBIDDEN, proseOf } from './style-words.ts';
import { USER_PAGES } from './user-pages.ts';

const root = new URL('../../', import.meta.url);
const list = (path: string, ending: string): readonly string[] =>
  readdirSync(new URL(path, root), { recursive: true, encoding: 'utf8' })
    .map((name) => `${path}${name.replaceAll('\\', '/')}`)
    .filter((name) => name.endsWith(ending));
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');

const BUDGET = JSON.parse(read('test/docs/budget.json')) as {
  readonly doubtfulPerThousand: number;
};

/** String literals with a space in them: messages, hints, notes. Comments and code are left out. */
function messagesOf(source: string): readonly string[] {
  const code = source.replace(/^\s*(?:\/\*\*?|\*|\/\/).*$/gmu, '').replace(/^import .*$/gmu, '');
  return [...code.matchAll(/'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`/gu)]
    .map(([, a, b, c]) => (a ?? b ?? c ?? '').replace(/\$\{[^}]*\}/gu, 'N'))
    .filter((text) => text.includes(' '));
}

describe('words', () => {
  it.each(USER_PAGES)('of %s', (path) => {
    const lines = proseOf(read(path)).split('\n');
    expect(
      lines.flatMap((line) => findWords(line, FORBIDDEN).map((word) => `${word}: ${line}`)),
    ).toEqual([]);
  });

  it('of the help', () => {
    const topics = TOPICS.map(({ name }) => topicHelp(name, 100));
    const pages = COMMANDS.map((spec) => commandHelp(spec, 100));
    const text = [programHelp(COMMAND_GROUPS, 100), ...topics, ...pages].join('\n');
    expect(findWords(text, FORBIDDEN)).toEqual([]);
  });

  it('of messages and hints', () => {
    const found = list('src/', '.ts').flatMap((path) =>
      messagesOf(read(path)).flatMap((text) =>
        findWords(text, FORBIDDEN).map((word) => `${path}: ${word}: ${text}`),
      ),
    );
    expect(found).toEqual([]);
  });

  it('that are doubtful become rarer, never more frequent', () => {
    const prose = USER_PAGES.map((path) => proseOf(read(path)));
    const doubtful = prose.flatMap((text) => findWords(text, DOUBTFUL)).length;
    const words = prose.flatMap((text) => text.match(/\p{L}+/gu) ?? []).length;
    expect((doubtful / words) * 1000).toBeLessThanOrEqual(BUDGET.doubtfulPerThousand);
  });
});
