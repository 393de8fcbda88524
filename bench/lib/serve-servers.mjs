// The registries of bench/serve.mjs, each with its storage in a directory of its own.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { find } from './find.mjs';
import { freePort } from './registry.mjs';

const PROGRAM = join(import.meta.dirname, '../../bin/regctl.js');

/** Peak memory in bytes and CPU time in seconds of a process, where Linux tells them. */
function usageOf(pid) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /su, '')
      .split(' ');
    const ticks = Number(execFileSync('getconf', ['CLK_TCK']));
    return {
      memory: Number(/^VmHWM:\s+(\d+)/mu.exec(status)?.[1] ?? 0) * 1024,
      cpu: (Number(fields[11]) + Number(fields[12])) / ticks,
    };
  } catch {
    return { memory: 0, cpu: 0 };
  }
}

async function started(child, base) {
  const ended = once(child, 'exit');
  for (let tries = 0; ; tries += 1) {
    try {
      if ((await fetch(`${base}/v2/`)).ok) break;
    } catch (error) {
      if (tries > 400 || child.exitCode !== null) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return {
    base,
    usage: () => usageOf(child.pid),
    async stop() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function startRegctl(dir) {
  const port = await freePort();
  const args = [PROGRAM, 'serve', '--quiet', '--listen', `127.0.0.1:${port}`, '--dir', dir];
  return started(spawn(process.execPath, args, { stdio: 'ignore' }), `http://127.0.0.1:${port}`);
}

const startDistribution = (program) => async (dir) => {
  const port = await freePort();
  const file = join(dir, 'config.json');
  const config = {
    version: 0.1,
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(dir, 'data') } },
    http: { addr: `127.0.0.1:${port}` },
  };
  // JSON is YAML.
  await writeFile(file, JSON.stringify(config));
  const child = spawn(program, ['serve', file], { stdio: 'ignore' });
  return started(child, `http://127.0.0.1:${port}`);
};

/** regctl, and those of the others that are on this machine. */
export async function findServers() {
  const servers = [{ name: 'regctl serve', start: startRegctl }];
  const peers = [
    ['distribution', 'distribution v3'],
    ['docker-registry', 'registry 2.8 (Debian)'],
  ];
  for (const [file, name] of peers) {
    const program = find(file);
    if (program === undefined) console.error(`${name} is left out: there is no ${file}`);
    else servers.push({ name, start: startDistribution(program) });
  }
  return servers;
}
