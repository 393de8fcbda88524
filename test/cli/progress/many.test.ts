import { expect, it } from 'vitest';
import { watchManyContents } from '../../../src/cli/progress/many.ts';
import type { CopyEvent } from '../../../src/copy/types.ts';
import { digestOf } from '../../../src/oci/digest.ts';

it('says once that a copy has many contents, and passes every event on', () => {
  const seen: CopyEvent[] = [];
  const noticedAt: number[] = [];
  const emit = watchManyContents(
    (event) => seen.push(event),
    () => noticedAt.push(seen.length),
  );
  const events = Array.from({ length: 250 }, (_, i): CopyEvent => {
    const descriptor = { mediaType: 'a/b', digest: digestOf(Buffer.from(`${i}`)), size: 1 };
    return i % 2 === 0
      ? { type: 'found', descriptor }
      : { type: 'end', descriptor, outcome: 'written' };
  });
  events.forEach(emit);
  expect(seen).toEqual(events);
  expect(noticedAt).toEqual([199]);
});
