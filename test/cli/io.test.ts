import { expect, it, vi } from 'vitest';
import { endProcess } from '../../src/cli/io.ts';

function fakeProcess() {
  const calls: unknown[][] = [];
  const exited = new Error('exited');
  const process = {
    pid: 4711,
    exit: vi.fn<(status: number) => never>(() => {
      throw exited;
    }),
    removeAllListeners: (signal: string) => calls.push(['removeAllListeners', signal]),
    kill: (pid: number, signal: string) => calls.push(['kill', pid, signal]),
  };
  return { process: process as unknown as NodeJS.Process, exit: process.exit, calls, exited };
}

it.each([
  [130, 'SIGINT'],
  [143, 'SIGTERM'],
])(
  'an end that may hang in a system call is brought about by the signal itself: %d',
  (status, signal) => {
    const { process, exit, calls } = fakeProcess();
    endProcess(process, status);
    expect(calls).toEqual([
      ['removeAllListeners', signal],
      ['kill', 4711, signal],
    ]);
    expect(exit).not.toHaveBeenCalled();
  },
);

it('any other end is an exit with its status', () => {
  const { process, exit, calls, exited } = fakeProcess();
  expect(() => endProcess(process, 5)).toThrow(exited);
  expect(exit).toHaveBeenCalledExactlyOnceWith(5);
  expect(calls).toEqual([]);
});
