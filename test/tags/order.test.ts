import { expect, it } from 'vitest';
import { compareVersions } from '../../src/tags/order.ts';

it('versions are ordered whatever their shape', () => {
  const sorted = ['edge', '1.2.0-beta', '1.2', '1.2.1', 'v1.10', '01.11', '20260101', '20260101.2'];
  expect(sorted.toReversed().toSorted(compareVersions)).toEqual(sorted);
});
