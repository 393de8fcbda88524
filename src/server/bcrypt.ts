import { once } from 'node:events';
import { createRequire } from 'node:module';
import { getBuiltinModule } from 'node:process';
import type { getAsset, isSea } from 'node:sea';
import { Worker } from 'node:worker_threads';

/** Whether a password matches a bcrypt hash. */
export type ComparePassword = (password: string, hash: string) => Promise<boolean>;

const THREAD = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { path, source } = workerData;
  const module = { exports: {} };
  if (source !== undefined) new Function('module', 'exports', 'require', source)(module, module.exports, require);
  const { compareSync } = source === undefined ? require(path) : module.exports;
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
  return new Worker(THREAD, { eval: true, workerData: bcrypt() });
}

interface Sea {
  readonly isSea: typeof isSea;
  readonly getAsset: typeof getAsset;
}

/** Where the package is; in a single executable its text, as a thread loads no file from inside. */
function bcrypt(): { readonly path: string } | { readonly source: string } {
  const sea: Sea | undefined = getBuiltinModule('node:sea');
  return sea !== undefined && sea.isSea()
    ? { source: sea.getAsset('bcryptjs', 'utf8') }
    : { path: createRequire(import.meta.url).resolve('bcryptjs') };
}
