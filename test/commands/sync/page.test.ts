import { expect, it } from 'vitest';
import { AppError } from '../../../src/errors/app-error.ts';
import { imageLine } from '../../../src/commands/sync/page.ts';
import { parseDigest } from '../../../src/oci/digest.ts';
import type { ImageResult } from '../../../src/sync/results.ts';
import { displayWidth } from '../../../src/commands/output/width.ts';
import { PLAIN } from '../fake-context.ts';

const IMAGE: ImageResult = {
  source: 'docker.io/library/alpine:3.20',
  destination: 'registry.example.com/mirror/alpine:3.20',
  digest: parseDigest(`sha256:${'5af219f25e90'.padEnd(64, '0')}`),
  outcome: 'copied',
  because: 'new',
  bytes: 10,
};

it('an image is one line in a pipe, with its whole digest', () => {
  expect(imageLine(IMAGE, PLAIN)).toBe(
    `copied     ${IMAGE.source} -> ${IMAGE.destination}@${IMAGE.digest} (new)\n`,
  );
});

it.each([60, 80, 160])('an image fits a terminal of %d columns', (width) => {
  const text = imageLine(IMAGE, { ...PLAIN, terminal: true, width });
  for (const line of text.trimEnd().split('\n'))
    expect(displayWidth(line)).toBeLessThanOrEqual(Math.max(width, 72));
  expect(text.split('\n')).toHaveLength(width === 160 ? 2 : 3);
  expect(text).toContain('5af219f25e90 (new)');
  expect(text).toContain(IMAGE.source);
});

it('a failure says its reason once', () => {
  const cause = new AppError('NETWORK', 'cannot reach r.example.com: connection refused');
  const failed = { ...IMAGE, outcome: 'failed' as const };
  const same = new AppError('NETWORK', cause.message, { cause });
  expect(imageLine({ ...failed, error: same }, PLAIN)).toMatch(/: connection refused\n$/u);
  expect(imageLine({ ...failed, error: same }, PLAIN)).not.toMatch(/refused.*refused/u);
  const other = new AppError('NETWORK', 'cannot list app', { cause });
  expect(imageLine({ ...failed, error: other }, PLAIN)).toMatch(
    /: cannot list app: cannot reach r\.example\.com: connection refused\n$/u,
  );
});
