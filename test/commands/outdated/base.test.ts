import { describe, expect, it } from 'vitest';
import { run } from '../../../src/commands/outdated/run.ts';
import { openLayout } from '../../image/files/vectors.ts';
import { fakeContext } from '../fake-context.ts';

const context = fakeContext({
  openRead: (location) => openLayout(location.name.replace(/^.*\/v\//u, '')),
  locate: (text) => {
    const [name = '', tag] = text.split(':');
    return { scheme: 'oci', name: `/v/images/${name}`, ref: tag, tag, text };
  },
});

async function outcome(base: string, image: string): Promise<readonly unknown[]> {
  const result = await run(context, { args: [image], options: { base } }, {});
  if (result.kind !== 'value') throw new Error('a value');
  const [report] = result.json as readonly { readonly Platforms: readonly string[] }[];
  return [result.exit, report?.Platforms];
}

describe('outdated --base', () => {
  it.each([
    ['plain:base-1', 'plain:latest', 0, []],
    ['plain:base', 'plain:latest', 3, ['linux/amd64']],
    ['plain:base-2', 'plain:latest', 3, ['linux/amd64']],
    // Each platform stands on its own base.
    ['multi:base-1', 'multi:latest', 0, []],
    ['multi:base-2', 'multi:latest', 3, ['linux/amd64', 'linux/arm64', 'linux/arm/v7']],
    ['plain:latest', 'plain:base-1', 3, ['linux/amd64']],
  ])('%s of %s', async (base, image, exit, platforms) => {
    expect(await outcome(base, image)).toEqual([exit, platforms]);
  });
});
