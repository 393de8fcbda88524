import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { drawSession } from '../../scripts/session-picture.mjs';
import { describeUnless } from '../helpers/when.ts';

const PICTURE = join(import.meta.dirname, '../../docs/images/session.svg');
const missing =
  spawnSync('script', ['--version']).status === 0 ? undefined : 'it needs script of util-linux';

/** The words of a picture; the time that a copy took is never the same. */
const wordsOf = (svg: string): string =>
  svg.replaceAll(/<[^>]*>/gu, '').replaceAll(/sent in \w+/gu, 'sent in TIME');

describeUnless(missing, 'the picture of the README', () => {
  it('is what the program prints', async () => {
    const drawn = await drawSession();
    expect(wordsOf(drawn)).toBe(wordsOf(readFileSync(PICTURE, 'utf8')));
    expect(drawn).not.toContain('\u001b');
  });
});
