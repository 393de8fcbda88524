import { once } from 'node:events';
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';

/** Whether a password matches a bcrypt hash. */
export type ComparePassword = (password: string, hash: string) => Promise<boolean>;

const THREAD = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { compareSync } = require(workerData);
  parentPort.on('message', ({ password, hash }) => {
    parentPort.postMessage(compareSync(password, hash));
  });
`;

/**
 * Compares in worker threads, one for each comparison that runs: on the main thread, a comparison
 * would block all requests and new connections. Idle threads do not keep the process alive.
 */
export function createBcryptThreads(): ComparePassword {
  const idle: Worker[] = [];
  return async (password, hash) => {
    const thread = idle.pop() ?? startThread();
    thread.ref();
    const answer = once(thread, 'message');
    thread.postMessage({ password, hash }, []);
    const [isRight] = (await answer) as [unknown];
    thread.unref();
    idle.push(thread);
    return isRight === true;
  };
}

function startThread(): Worker {
  const bcrypt = createRequire(import.meta.url).resolve('bcryptjs');
  return new Worker(THREAD, { eval: true, workerData: bcrypt });
}
