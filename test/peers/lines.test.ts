import { expect, it } from 'vitest';
import { failingLines, isNotHeld, LINES } from '../helpers/lines.ts';

it.each([false, true])(
  'a line that begins to hold is taken out of the list (under its own name: %s)',
  async (original) => {
    const known = LINES.filter((line) => isNotHeld(line, original));
    const failing = Object.keys(await failingLines(known, original));
    expect(failing.toSorted()).toEqual(known.map(({ id }) => id).toSorted());
  },
);
