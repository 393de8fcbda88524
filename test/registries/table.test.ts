import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KNOWN_REGISTRIES } from '../../src/config/registries/table.ts';
import { STAND_INS } from '../helpers/stand-ins/table.ts';

const DOCS = join(import.meta.dirname, '../../docs/registries');
const read = (name: string): string => readFileSync(join(DOCS, name), 'utf8');

describe.each(KNOWN_REGISTRIES.map((row) => [row.id, row] as const))('%s', (id, row) => {
  it('has a stand-in of its own, under a host of that row', () => {
    const own = STAND_INS.filter((standIn) => standIn.id === id);
    expect(own).toHaveLength(1);
    const [standIn] = own;
    const hosts = KNOWN_REGISTRIES.filter(({ host }) => host?.test(standIn?.registry ?? ''));
    expect(hosts.every((one) => one.id === id)).toBe(true);
    expect(hosts.length > 0 || row.fingerprints !== undefined).toBe(true);
  });

  it('has a page that tells how to log in, what is missing, and how it is tested', () => {
    const page = read(`${row.page}.md`);
    expect(page).toMatch(/^## Log in$/mu);
    expect(page).toMatch(/^## What works$/mu);
    expect(page).toMatch(/^## What it does not support$/mu);
    expect(page).toContain('tested against a stand-in');
    const user = /-u (\S+)/u.exec(row.login ?? '')?.[1];
    if (user !== undefined) expect(page).toContain(`-u ${user.replace(/^NAME/u, "'NAME")}`);
    expect(read('README.md')).toContain(`](${row.page}.md)`);
  });
});

it('no page and no stand-in is without a row', () => {
  const pages = new Set(KNOWN_REGISTRIES.map(({ page }) => `${page}.md`));
  expect(readdirSync(DOCS).filter((name) => name !== 'README.md' && !pages.has(name))).toEqual([]);
  const ids = new Set(KNOWN_REGISTRIES.map(({ id }) => id));
  expect(STAND_INS.filter(({ id }) => !ids.has(id))).toEqual([]);
});
