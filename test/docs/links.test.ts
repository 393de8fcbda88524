import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** Pages written by people; those of the API are generated. */
const PAGES = [
  'README.md',
  'SECURITY.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .map((name) => `docs/${name.replaceAll('\\', '/')}`)
    .filter((name) => name.endsWith('.md') && !/^docs\/(?:api|node_modules)\//u.test(name)),
];

/** Pages that `docs/README.md` reaches through a list of their own. */
const LISTED_ELSEWHERE = /^docs\/(?:registries|library|commands)\/./u;

interface Link {
  readonly file: string;
  readonly anchor: string;
}

function linksOf(page: string): readonly Link[] {
  const text = read(page)
    .replaceAll(/^```.*?^```/gmsu, '')
    .replaceAll(/`[^`\n]*`/gu, '');
  return [...text.matchAll(/\]\(([^)\s]+)\)/gu)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/u.test(target))
    .map((target) => {
      const [path = '', anchor = ''] = target.split('#');
      return { file: path === '' ? page : normalize(join(dirname(page), path)), anchor };
    });
}

/** GitHub's anchors for the headings of a page. */
function anchorsOf(page: string): readonly string[] {
  return [...read(page).matchAll(/^#+ (.+)$/gmu)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

describe('links', () => {
  it.each(PAGES)('of %s lead somewhere', (page) => {
    const broken = linksOf(page).filter(
      ({ file, anchor }) =>
        !existsSync(join(ROOT, file)) || (anchor !== '' && !anchorsOf(file).includes(anchor)),
    );
    expect(broken).toEqual([]);
  });

  it('of docs/README.md lead to every page', () => {
    const linked = new Set(linksOf('docs/README.md').map(({ file }) => file));
    const missing = PAGES.filter(
      (page) =>
        page.startsWith('docs/') &&
        page !== 'docs/README.md' &&
        !LISTED_ELSEWHERE.test(page) &&
        !linked.has(page),
    );
    expect(missing).toEqual([]);
  });
});
