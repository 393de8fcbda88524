import { spawn } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { createProcessNames } from '../../src/client/processes.ts';

describe.runIf(process.platform === 'linux')('processes by name', () => {
  it('knows itself, and tells one that is gone from one with its id', async () => {
    const processes = await createProcessNames(process);
    expect(processes.self).toMatch(/^[0-9a-z-]{1,100}$/u);
    expect(await processes.isRunning(processes.self)).toBe(true);
    expect(await processes.isRunning(processes.self.replace(/\d+$/u, '1'))).toBe(false);
    const child = spawn('sleep', ['60']);
    const its = processes.self.replace(`-${process.pid}-`, `-${child.pid ?? 0}-`);
    expect(await processes.isRunning(its)).toBe(false);
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('close', resolve));
  });

  it('sees a child live and die', async () => {
    const program = `process.stdin.resume()`;
    const child = spawn(process.execPath, ['-e', program], { stdio: ['pipe', 'ignore', 'ignore'] });
    const ids = await createProcessNames({ pid: child.pid ?? 0, kill: process.kill });
    const { self } = await createProcessNames(process);
    const stat = await import('node:fs/promises').then(({ readFile }) =>
      readFile(`/proc/${child.pid ?? 0}/stat`, 'utf8'),
    );
    const start = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
    const its = self.replace(/-\d+-\d+$/u, `-${child.pid ?? 0}-${start}`);
    expect(await ids.isRunning(its)).toBe(true);
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('close', resolve));
    expect(await ids.isRunning(its)).toBe(false);
  });

  it('takes all of an earlier boot for dead, and says nothing of another machine', async () => {
    const processes = await createProcessNames(process);
    const [where = '', , pid = '', start = ''] = processes.self.split('-');
    expect(await processes.isRunning(`${where}-${'0'.repeat(12)}-${pid}-${start}`)).toBe(false);
    expect(
      await processes.isRunning(`${'0'.repeat(12)}-${'1'.repeat(12)}-${pid}-1`),
    ).toBeUndefined();
    expect(await processes.isRunning('nonsense')).toBeUndefined();
    expect(await processes.isRunning('../../etc')).toBeUndefined();
  });
});
