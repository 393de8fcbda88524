import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { syncSpec } from '../../src/commands/sync/spec.ts';
import { parseYaml } from '../../src/util/text/yaml.ts';

/** Options that every command has. */
const SHARED = ['--output', '--username', '--password-stdin', '--global'];

describe('examples', () => {
  test.each(['kubernetes/sync-job.yaml', 'github-actions/sync.yml'])('%s', async (name) => {
    const text = readFileSync(new URL(`../../examples/${name}`, import.meta.url), 'utf8');
    expect(await parseYaml(text)).toBeTypeOf('object');
    const known = syncSpec.options.flatMap(({ flags }) => flags.match(/--[\w-]+/gu) ?? []);
    const used = text
      .split('\n')
      .filter((line) => !line.trim().startsWith('#'))
      .flatMap((line) => line.match(/(?<= )--[\w-]+/gu) ?? []);
    expect(used).toContain('--shard');
    expect(used.filter((one) => !known.includes(one) && !SHARED.includes(one))).toEqual([]);
  });
});
