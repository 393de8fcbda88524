import { describe, expect, it } from 'vitest';
import { createWaits, type Waits } from '../../../src/cli/process/waits.ts';

/** A clock that only the test moves. */
function setUp(): { waits: Waits; said: string[]; pass: (ms: number) => void } {
  let now = 0;
  const planned = new Set<{ at: number; act: () => void }>();
  const waits = createWaits((ms, act) => {
    const one = { at: now + ms, act };
    planned.add(one);
    return () => void planned.delete(one);
  });
  const said: string[] = [];
  waits.tellTo((text) => void said.push(text));
  return {
    waits,
    said,
    pass(ms) {
      now += ms;
      for (const one of [...planned].filter(({ at }) => at <= now)) {
        planned.delete(one);
        one.act();
      }
    },
  };
}

describe('a wait', () => {
  it('is told once it lasts for a second, and not before', () => {
    const { waits, said, pass } = setUp();
    waits.begin('a')();
    const end = waits.begin('b');
    pass(999);
    expect(said).toEqual([]);
    pass(1);
    pass(5000);
    end();
    expect(said).toEqual(['waiting for b']);
  });

  it('of many for the same is one line, and a line again when all were over', () => {
    const { waits, said, pass } = setUp();
    const ends = [waits.begin('a'), waits.begin('a'), waits.begin('a')];
    pass(1000);
    ends.shift()?.();
    const late = waits.begin('a');
    pass(1000);
    for (const end of [...ends, late]) end();
    expect(said).toEqual(['waiting for a']);
    waits.begin('a');
    pass(1000);
    expect(said).toEqual(['waiting for a', 'waiting for a']);
  });

  it('that is quiet is named only when time is up', () => {
    const { waits, said, pass } = setUp();
    waits.begin('r.example to answer GET /v2/', { quiet: true });
    pass(60_000);
    expect(said).toEqual([]);
    expect(waits.facts()).toEqual(['it waited for r.example to answer GET /v2/']);
  });
});

describe('when time is up', () => {
  it('the longest wait is named, next to the last failure', () => {
    const { waits } = setUp();
    expect(waits.facts()).toEqual([]);
    const end = waits.begin('a');
    waits.begin('b');
    waits.failed('HTTP 503 from r');
    expect(waits.facts()).toEqual(['the last try failed: HTTP 503 from r', 'it waited for a']);
    end();
    expect(waits.facts().at(-1)).toBe('it waited for b');
  });

  it('what was waited for last is named when nothing is', () => {
    const { waits } = setUp();
    waits.begin('a')();
    expect(waits.facts()).toEqual(['the last wait was for a']);
  });
});
