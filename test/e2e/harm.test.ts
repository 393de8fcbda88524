import { chmod, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { run } from '../helpers/commands.ts';
import { startDockerRegistry } from '../helpers/docker-registry.ts';
import { startFaultProxy } from '../helpers/fault-proxy.ts';
import { makeImage, pushImage } from '../helpers/images.ts';
import { until } from '../helpers/until.ts';
import { describeWith } from '../helpers/when.ts';
import { type Machine, newMachine } from './regctl.ts';

const BIN = join(import.meta.dirname, '../../bin/regctl.js');

/** What a shell does with regctl; `$REGCTL` is its command. */
function shell(machine: Machine, script: string): ReturnType<typeof run> {
  const env = { ...machine.env, REGCTL: `${process.execPath} ${BIN}` };
  return run('bash', ['-c', script], { cwd: machine.dir.path, env });
}

describeWith(['docker-registry'], 'when something stands in the way', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    '%s cancels the uploads, and does not wait for a registry that is silent',
    async (signal, status) => {
      await using registry = await startDockerRegistry();
      await using machine = await newMachine();
      await pushImage(
        registry.origin,
        'app',
        ['v1'],
        await makeImage({ layers: 1, layerSize: 1 << 20 }),
      );
      for (const answersDelete of [true, false]) {
        let signalled = 0;
        let interrupt = (): void => undefined;
        await using proxy = await startFaultProxy(registry, ({ method, headers }) => {
          if (method === 'DELETE' && !answersDelete) return { kind: 'stall-down', after: 0 };
          if (method !== 'PUT' || Number(headers['content-length']) < 1 << 20) return undefined;
          void until(() => proxy.bytes.up >= 1000).then(() => interrupt());
          return { kind: 'stall-up', after: 1000 };
        });
        const done = await machine.regctl(
          ['copy', `${registry.host}/app:v1`, `${proxy.host}/copy:v1`],
          {
            onStart: (kill) => {
              interrupt = () => {
                signalled = performance.now();
                kill(signal);
              };
            },
          },
        );
        expect(done.code, done.stderr).toBe(status);
        expect(proxy.lines.some((line) => line.startsWith('DELETE'))).toBe(true);
        // Two seconds, and the rest for a busy machine; the silence itself would last a minute.
        expect(performance.now() - signalled).toBeLessThan(30_000);
        await machine.expect(2, ['digest', `${registry.host}/copy:v1`]);
      }
    },
  );

  it('a full disk: path and cause are told, and the old image stays', async () => {
    await using registry = await startDockerRegistry();
    await using machine = await newMachine();
    await pushImage(registry.origin, 'app', ['small'], await makeImage({ layers: 1 }));
    await pushImage(
      registry.origin,
      'app',
      ['big'],
      await makeImage({ layers: 1, layerSize: 1 << 20 }),
    );
    await machine.expect(0, ['copy', `${registry.host}/app:small`, 'oci:out:v1']);
    const before = await machine.expect(0, ['digest', 'oci:out:v1']);
    const files = await readdir(machine.dir.join('out'), { recursive: true });
    // No file may grow beyond 100 blocks of 1 KiB: EFBIG, as a quota answers EDQUOT.
    const full = await shell(
      machine,
      `ulimit -f 100; $REGCTL -o json copy ${registry.host}/app:big oci:out:v1`,
    );
    expect(full.code).toBe(1);
    const { error } = JSON.parse(full.stdout) as { error: Record<string, string> };
    expect(error).toMatchObject({
      code: 'NO_SPACE',
      hint: expect.stringContaining('space') as string,
    });
    expect(error['message']).toMatch(/out\/blobs\/\S+: the file is larger than/u);
    const after = await machine.expect(0, ['digest', 'oci:out:v1']);
    expect(after.stdout).toBe(before.stdout);
    const now = await readdir(machine.dir.join('out'), { recursive: true });
    expect(now.filter((name) => /tmp|partial/u.test(name))).toEqual([]);
    expect(now).toEqual(expect.arrayContaining(files));
  });

  it('a folder that cannot be written to is named', async () => {
    await using registry = await startDockerRegistry();
    await using machine = await newMachine();
    await pushImage(registry.origin, 'app', ['v1'], await makeImage({ layers: 1 }));
    await mkdir(machine.dir.join('locked'));
    await chmod(machine.dir.join('locked'), 0o555);
    await chmod(machine.dir.path, 0o755);
    // To root every folder is open.
    const nobody = 'setpriv --reuid=65534 --regid=65534 --clear-groups ';
    const done = await shell(
      machine,
      `${process.getuid?.() === 0 ? nobody : ''}$REGCTL copy ${registry.host}/app:v1 oci:locked/out:v1`,
    );
    expect(done.code).toBe(1);
    expect(done.stderr).toMatch(/locked\/out\S*: permission denied/u);
  });

  it('a reader that has enough is no error', async () => {
    await using registry = await startDockerRegistry();
    await using machine = await newMachine();
    const image = await makeImage({ layers: 1, layerSize: 4 << 20 });
    await pushImage(registry.origin, 'app', ['v1'], image);
    const [layer] = image.nodes.keys();
    const piped = await shell(
      machine,
      `$REGCTL blob ${registry.host}/app@${layer} | head -c 5 | wc -c; echo "\${PIPESTATUS[@]}"`,
    );
    expect(piped.stderr).toBe('');
    expect(piped.stdout.trim().split(/\s+/u)).toEqual(['5', '0', '0', '0']);
  });

  it.each(['plain', 'json'])('a person is told what is waited for and why: %s', async (form) => {
    await using registry = await startDockerRegistry();
    await using machine = await newMachine();
    await pushImage(registry.origin, 'app', ['v1'], await makeImage({ layers: 1 }));
    await using proxy = await startFaultProxy(registry, ({ path }, count) =>
      path.includes('/manifests/') && count === 1
        ? { kind: 'answer', status: 429, headers: { 'retry-after': '1' } }
        : undefined,
    );
    const args = ['copy', '--progress', form, `${proxy.host}/app:v1`, 'oci:out:v1'];
    const { stderr } = await machine.expect(0, args);
    const line = stderr.split('\n').find((one) => one.includes('429')) ?? '';
    if (form === 'plain') expect(line).toBe(`retry 1 in 1s: HTTP 429 from ${proxy.host}`);
    else
      expect(JSON.parse(line)).toMatchObject({
        type: 'retry',
        attempt: 1,
        reason: `HTTP 429 from ${proxy.host}`,
      });
  });

  it('a wait that is too long is not begun, and the flag that allows it is named', async () => {
    await using registry = await startDockerRegistry();
    await using machine = await newMachine();
    await using busy = await startFaultProxy(registry, () => ({
      kind: 'answer',
      status: 429,
      headers: { 'retry-after': '7' },
    }));
    const args = ['digest', '--retry-max-wait', '500ms', `${busy.host}/app:v1`];
    expect((await machine.jsonError(4, args)).hint).toContain('--retry-max-wait');
    expect(busy.lines).toHaveLength(1);
  });
});
