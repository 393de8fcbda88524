import { spawn } from 'node:child_process';
import { run, type Finished } from './commands.ts';
import { tempDir } from './temp.ts';
import { until } from './until.ts';

/** A Docker engine of its own, without a network. */
export interface Dockerd extends AsyncDisposable {
  /** For DOCKER_HOST. */
  readonly address: string;
  docker(...args: readonly string[]): Promise<Finished>;
}

export async function startDockerd(): Promise<Dockerd> {
  const dir = await tempDir();
  const address = `unix://${dir.join('docker.sock')}`;
  const places = { '--data-root': 'data', '--exec-root': 'exec', '--pidfile': 'pid' };
  const child = spawn('dockerd', [
    ...Object.entries(places).flatMap(([option, name]) => [option, dir.join(name)]),
    ...['-H', address, '--storage-driver=vfs', '--bridge=none'],
    ...['--iptables=false', '--ip6tables=false'],
  ]);
  const docker: Dockerd['docker'] = (...args) =>
    run('docker', ['-H', address, ...args], { env: { ...process.env, DOCKER_CONFIG: dir.path } });
  const ended = new Promise((resolve) => child.once('close', resolve));
  await until(async () => child.exitCode !== null || (await docker('version')).code === 0);
  return {
    address,
    docker,
    async [Symbol.asyncDispose]() {
      child.kill();
      await ended;
      await dir[Symbol.asyncDispose]();
    },
  };
}
