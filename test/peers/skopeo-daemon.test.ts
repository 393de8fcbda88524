import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { runInProcess } from '../e2e/in-process.ts';
import { run, type Finished } from '../helpers/commands.ts';
import { startEngine } from '../helpers/engine.ts';
import { makeImage, writeLayout, type TestImage } from '../helpers/images.ts';
import { missingPeers, peer } from '../helpers/peers.ts';
import { tempDir } from '../helpers/temp.ts';
import { describeUnless } from '../helpers/when.ts';

interface Options {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

const PROGRAMS = {
  skopeo: (args: readonly string[], options: Options) => run(peer('skopeo') ?? '', args, options),
  ours: (args: readonly string[], options: Options) =>
    runInProcess(args, { ...options, program: '/usr/bin/skopeo' }),
};

/** To a daemon, from it, and a look at what it has. */
async function outcomeOf(program: keyof typeof PROGRAMS, image: TestImage): Promise<unknown> {
  await using dir = await tempDir();
  await using engine = await startEngine();
  await writeLayout(dir.join('in'), { v1: image });
  await mkdir(dir.join('home/.config/containers'), { recursive: true });
  const policy = '{"default":[{"type":"insecureAcceptAnything"}]}';
  await writeFile(dir.join('home/.config/containers/policy.json'), policy);
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: dir.join('home'),
    DOCKER_HOST: 'unix:///nowhere',
    TMPDIR: dir.path,
  };
  const host = engine.context.env['DOCKER_HOST'] ?? '';
  const line = async (...args: readonly string[]): Promise<Finished> => {
    const done = await PROGRAMS[program](args, { cwd: dir.path, env });
    expect(done.code, done.stderr).toBe(0);
    return done;
  };
  await line('copy', '--dest-daemon-host', host, 'oci:in:v1', 'docker-daemon:team/app:v1');
  await line('copy', '--src-daemon-host', host, 'docker-daemon:team/app:v1', 'dir:out');
  const shown = await line('inspect', '--daemon-host', host, 'docker-daemon:team/app:v1');
  expect(engine.names.size).toBe(1);
  const manifest = JSON.parse(await readFile(dir.join('out/manifest.json'), 'utf8')) as {
    readonly config: { readonly digest: string };
  };
  const { Architecture, Os, Labels, Env } = JSON.parse(shown.stdout) as Record<string, unknown>;
  return {
    names: [...engine.names],
    config: manifest.config.digest,
    inspected: { Architecture, Os, Labels, Env },
  };
}

describeUnless(missingPeers('skopeo'), 'the daemon that an option names', () => {
  it('gets, gives and shows the same image as with skopeo', async () => {
    const image = await makeImage({ layers: 2 });
    expect(await outcomeOf('ours', image)).toEqual(await outcomeOf('skopeo', image));
  });
});
