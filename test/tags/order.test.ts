import { expect, it } from 'vitest';
import { compareVersions } from '../../src/tags/order.ts';

it('versions are ordered whatever their shape', () => {
  const sorted = ['edge', '1.2.0-beta', '1.2', '1.2.1', 'v1.10', '01.11', '20260101', '20260101.2'];
  expect(sorted.toReversed().toSorted(compareVersions)).toEqual(sorted);
});

it.each([
  '-M1',
  '-preview',
  '-canary',
  '-ea',
  '-eap',
  '-milestone2',
  '-insiders',
  '-next',
  '-unstable',
])('%s comes before the release', (suffix) => {
  const tags = ['1.0', `1.0${suffix}`, '1.0-alpine', '0.9'];
  expect(tags.toSorted(compareVersions)).toEqual(['0.9', `1.0${suffix}`, '1.0', '1.0-alpine']);
});
