import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { fileURLToPath } from 'node:url';
import { serveSpec } from '../../../src/commands/serve/spec.ts';
import { run } from '../../helpers/commands.ts';
import { describeWith } from '../../helpers/when.ts';

const EXAMPLES = ['systemd/regctl-registry.service', 'kubernetes/registry.yaml'];

it.each(EXAMPLES)(
  'examples/%s uses options that serve has, with a value where they take one',
  async (name) => {
    const text = await readFile(new URL(`../../../examples/${name}`, import.meta.url), 'utf8');
    const lines = text.split('\n').filter((line) => !line.trimStart().startsWith('#'));
    const used = [...lines.join('\n').matchAll(/(?<=[\s-] ?)(--[a-z][a-z-]*)([= ]\S+)?/gu)];
    expect(used.length).toBeGreaterThan(7);
    for (const [, option = '', value] of used) {
      const spec = serveSpec.options.find(({ flags }) => flags.split(' ')[0] === option);
      expect(spec, option).toBeDefined();
      expect(value !== undefined && value !== ' \\', option).toBe(spec?.kind !== 'flag');
    }
  },
);

describeWith(['systemd-analyze'], 'the systemd unit', () => {
  it('has no fault that systemd knows', async () => {
    const unit = new URL('../../../examples/systemd/regctl-registry.service', import.meta.url);
    const done = await run('systemd-analyze', ['verify', fileURLToPath(unit)]);
    expect([done.code, done.stderr]).toEqual([0, '']);
  });
});
