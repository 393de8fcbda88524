import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { drawCommands } from '../../scripts/command-pictures.mjs';
import { drawSession } from '../../scripts/session-picture.mjs';
import { describeUnless } from '../helpers/when.ts';

const IMAGES = join(import.meta.dirname, '../../docs/images');
const missing =
  spawnSync('script', ['--version']).status === 0 ? undefined : 'it needs script of util-linux';

/** The lines of a picture without times, ages and digests; parallel work has no order. */
const wordsOf = (svg: string): readonly string[] =>
  svg
    .replaceAll(/<\/text>/gu, '\n')
    .replaceAll(/<[^>]*>/gu, ' ')
    .replaceAll(/sent in \w+/gu, 'sent in TIME')
    .replaceAll(/\b[0-9a-f]{12}\b/gu, 'DIGEST')
    .replaceAll(/just now|\b\d+ (?:seconds|minutes|days|months|years) ago\b/gu, 'AGE')
    .replaceAll('└', '├')
    .replaceAll(/ +/gu, ' ')
    .split('\n')
    .toSorted();

const stored = (name: string): readonly string[] =>
  wordsOf(readFileSync(join(IMAGES, `${name}.svg`), 'utf8'));

describeUnless(missing, 'the pictures of terminals', () => {
  it('in the README are what the program prints', async () => {
    const drawn = await drawSession();
    expect(wordsOf(drawn)).toEqual(stored('session'));
    expect(drawn).not.toContain('\u001b');
  });

  it('in docs are what the program prints', async () => {
    const drawn = await drawCommands();
    expect(drawn.map(([name]) => name)).toEqual(['tags', 'prune', 'sync', 'referrers']);
    for (const [name, svg] of drawn) {
      expect(wordsOf(svg)).toEqual(stored(name));
      expect(svg).not.toContain('\u001b');
    }
  });
});
