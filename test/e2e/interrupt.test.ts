import { readdir, stat } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { startDockerRegistry } from '../helpers/docker-registry.ts';
import { makeImage, pushImage } from '../helpers/images.ts';
import { startSlowProxy } from '../helpers/slow-proxy.ts';
import { describeWith } from '../helpers/when.ts';
import { newMachine } from './regctl.ts';

describeWith(['docker-registry'], 'interrupted in mid-copy', () => {
  for (const [signal, status] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    it(`${signal} ends with ${status}, without a tag at the destination or a temporary file`, async () => {
      await using registry = await startDockerRegistry();
      await using machine = await newMachine();
      await pushImage(
        registry.origin,
        'app',
        ['v1'],
        await makeImage({ layers: 2, layerSize: 8 << 20 }),
      );
      await using slow = await startSlowProxy(registry, 256 * 1024);
      const layout = machine.dir.join('out');
      const interrupted = (args: readonly string[]): ReturnType<typeof machine.regctl> =>
        machine.regctl(args, {
          onStart: (kill) => {
            void slow.untilBytes(300 * 1024).then(() => kill(signal));
          },
        });

      const toRegistry = await interrupted([
        'copy',
        `${slow.host}/app:v1`,
        `${registry.host}/copy:v1`,
      ]);
      expect(toRegistry.code, toRegistry.stderr).toBe(status);
      expect(toRegistry.stderr).toMatch(/\n {2}hint: To continue, run it again: [^\n]*\n$/u);
      await machine.expect(2, ['digest', `${registry.host}/copy:v1`]);

      slow.reset();
      const toLayout = await interrupted(['copy', `${slow.host}/app:v1`, `oci:${layout}:v1`]);
      expect(toLayout.code, toLayout.stderr).toBe(status);
      const left = await readdir(layout, { recursive: true }).catch(() => []);
      const files = [];
      for (const name of left) if ((await stat(`${layout}/${name}`)).isFile()) files.push(name);
      expect(files.filter((name) => /index\.json$|tmp|lock|partial/.test(name))).toEqual([]);
    });
  }
});
