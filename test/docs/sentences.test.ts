import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { USER_PAGES } from './user-pages.ts';

const root = new URL('../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');

/** Paragraphs, list items and cells, with X for code, and links by their words. */
function textsOf(markdown: string): readonly string[] {
  const text = markdown
    .replaceAll(/<!--[^]*?-->/gu, '')
    .replaceAll(/^(`{3,})[^\n]*\n[^]*?^\1$/gmu, '')
    .replaceAll(/`[^`\n]*`/gu, 'X')
    .replaceAll(/!?\[([^\]]*)\]\([^)]*\)/gu, '$1')
    .replaceAll(/https?:\/\/\S+/gu, 'X');
  return text.split('\n').flatMap((line) => {
    if (line.trim() === '' || line.startsWith('#') || /^\|[\s:|-]+\|$/u.test(line)) return [];
    if (line.startsWith('|')) return line.slice(1, -1).split('|');
    return [line.replace(/^\s*(?:[-*]|\d+\.)\s+/u, '')];
  });
}

const sentencesOf = (markdown: string): readonly string[] =>
  textsOf(markdown).flatMap((text) =>
    text.trim().split(/(?<=[.!?:])\s+(?=[A-Z*"\d]|(?:regctl|cosign)\b)/u),
  );

const headingsOf = (markdown: string): readonly string[] =>
  markdown.replaceAll(/^(`{3,})[^\n]*\n[^]*?^\1$/gmu, '').match(/^#+ .*$/gmu) ?? [];

describe('sentences', () => {
  it.each(USER_PAGES)('of %s begin with their subject or a condition', (path) => {
    const wrong = sentencesOf(read(path)).filter(
      (one) => /^\**(?:Of|What|Where|Who|Whoever)\b/u.test(one) && !/\?\**$/u.test(one),
    );
    expect(wrong).toEqual([]);
  });

  it.each(USER_PAGES)('%s has one title, and headings without a period', (path) => {
    const headings = headingsOf(read(path));
    expect(headings.filter((one) => one.startsWith('# '))).toHaveLength(1);
    expect(headings.filter((one) => one.trimEnd().endsWith('.'))).toEqual([]);
  });

  it.each(USER_PAGES)('of %s have at most 30 words', (path) => {
    // A list of names in code is looked up, not read: it counts as one word.
    const wordsOf = (one: string): number =>
      (one.replaceAll(/X(?:(?:, | and )X)+/gu, 'X').match(/[\p{L}\p{N}'’.-]*[\p{L}\p{N}]/gu) ?? [])
        .length;
    expect(sentencesOf(read(path)).filter((one) => wordsOf(one) > 30)).toEqual([]);
  });
});
