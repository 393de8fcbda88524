import { describe, expect, it } from 'vitest';
import { failingLines, isNotHeld, LINES, strayNames } from '../helpers/lines.ts';

const SUITES = ['regclient', 'crane', 'skopeo', 'oras', 'podman'] as const;

describe('command lines of other tools, each with what must hold after it', () => {
  it.each(SUITES)('%s: in the words of the contract', async (suite) => {
    const lines = LINES.filter((line) => line.suite === suite && !isNotHeld(line, false));
    expect(await failingLines(lines, false)).toEqual({});
  });

  // regclient's lines are those of the name regctl, and skopeo's run under its name above.
  it.each(['crane', 'oras', 'podman'])('%s: as they are, under its name', async (suite) => {
    const lines = LINES.filter((line) => line.suite === suite && !isNotHeld(line, true));
    expect(await failingLines(lines, true)).toEqual({});
  });

  it('the list of those that do not hold names lines only', () => {
    expect(strayNames()).toEqual([]);
  });
});
