import { spawn, spawnSync } from 'node:child_process';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { freePort, untilListening } from './ports.ts';
import { tempDir } from './temp.ts';

export interface Squid extends AsyncDisposable {
  readonly port: number;
  /** "CONNECT registry.corp:5000 200" lines, as its access log has them. */
  lines(): Promise<readonly string[]>;
}

const AUTH_HELPER = '/usr/lib/squid/basic_ncsa_auth';

/** Debian's squid on a free loopback port; `names` are hosts that it, and nobody else, knows. */
export async function startSquid(options: {
  readonly names: readonly string[];
  readonly login?: { readonly username: string; readonly password: string };
}): Promise<Squid> {
  const dir = await tempDir();
  await chmod(dir.path, 0o755);
  const port = await freePort();
  await writeFile(dir.join('hosts'), options.names.map((name) => `127.0.0.1 ${name}\n`).join(''));
  const { login } = options;
  if (login !== undefined) {
    const made = spawnSync('htpasswd', ['-nbm', login.username, login.password]);
    await writeFile(dir.join('passwd'), made.stdout);
  }
  // As root it becomes the user that Debian made for it, who has to write the logs.
  if (process.getuid?.() === 0) spawnSync('chown', ['-R', 'proxy', dir.path]);
  await writeFile(
    dir.join('squid.conf'),
    [
      `http_port 127.0.0.1:${port}`,
      `hosts_file ${dir.join('hosts')}`,
      `pid_filename none`,
      `cache deny all`,
      `cache_log ${dir.join('cache.log')}`,
      'logformat short %rm %ru %>Hs',
      `access_log stdio:${dir.join('access.log')} short`,
      `coredump_dir ${dir.path}`,
      'shutdown_lifetime 0 seconds',
      'workers 1',
      ...(login === undefined
        ? ['http_access allow all']
        : [
            `auth_param basic program ${AUTH_HELPER} ${dir.join('passwd')}`,
            'auth_param basic children 1',
            'acl known proxy_auth REQUIRED',
            'http_access allow known',
            'http_access deny all',
          ]),
      '',
    ].join('\n'),
  );
  // The service name keeps the shared memory of several apart.
  const args = ['-N', '-n', `regctl${port}`, '-f', dir.join('squid.conf')];
  const child = spawn('squid', args, { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
  });
  const text = (name: string): Promise<string> => readFile(dir.join(name), 'utf8').catch(() => '');
  try {
    await untilListening(port, () => child.exitCode !== null);
  } catch (error) {
    child.kill('SIGKILL');
    throw new Error(`squid did not start: ${await text('cache.log')}`, { cause: error });
  }
  return {
    port,
    lines: async () => (await text('access.log')).split('\n').filter((line) => line !== ''),
    async [Symbol.asyncDispose]() {
      // Asked, not killed: it takes its helper processes with it.
      child.kill('SIGTERM');
      await ended;
      await dir[Symbol.asyncDispose]();
    },
  };
}
