import { expect, it } from 'vitest';
import type { CopyEvent } from '../../../src/copy/types.ts';
import { watchLargeTransfers } from '../../../src/cli/progress/large.ts';
import { digestOf } from '../../../src/oci/digest.ts';

const MIB = 1024 * 1024;
const content = (name: string, size: number): Extract<CopyEvent, { type: 'start' }> => ({
  type: 'start',
  descriptor: { mediaType: 'a/b', digest: digestOf(Buffer.from(name)), size },
});
const end = ({ descriptor }: ReturnType<typeof content>): CopyEvent => ({
  type: 'end',
  descriptor,
  outcome: 'written',
});

it('says when large contents move, and passes every event on', () => {
  const seen: CopyEvent[] = [];
  const said: boolean[] = [];
  const emit = watchLargeTransfers(
    (event) => seen.push(event),
    (moving) => said.push(moving),
  );
  const small = content('small', 8 * MIB - 1);
  const one = content('one', 8 * MIB);
  const two = content('two', 100 * MIB);
  const events = [small, end(small), one, two, one, end(one), end(two), two, end(two)];
  events.forEach(emit);
  expect(seen).toEqual(events);
  expect(said).toEqual([true, false, true, false]);
});
