import { runInProcess } from '../e2e/in-process.ts';
import type { Finished, RunOptions } from '../helpers/commands.ts';
import { tempDir, type TempDir } from '../helpers/temp.ts';
import {
  contentsOf,
  seed,
  startRecorded,
  type RecordedRegistry,
  type Repositories,
} from './recorded-registry.ts';
import { Disposables } from '../../src/store/disposables.ts';

export interface Scene extends AsyncDisposable {
  readonly folder: TempDir;
  readonly source: RecordedRegistry;
  readonly target: RecordedRegistry;
  run(...args: readonly string[]): Promise<Finished>;
  runWith(options: RunOptions, ...args: readonly string[]): Promise<Finished>;
}

/** Two registries; S and T in arguments stand for their addresses. */
export async function scene(source: Repositories, target: Repositories = {}): Promise<Scene> {
  const stack = new Disposables();
  const folder = stack.use(await tempDir());
  const [from, to] = [stack.use(await startRecorded({})), stack.use(await startRecorded({}))];
  await seed(from.storage, source);
  await seed(to.storage, target);
  const runWith: Scene['runWith'] = async (options, ...args) => {
    from.requests.length = 0;
    to.requests.length = 0;
    const filled = args.map((arg) =>
      arg.replace(/^S\//u, `${from.server.host}/`).replace(/^T\//u, `${to.server.host}/`),
    );
    const env = { HOME: folder.path };
    return runInProcess(['sync', '--retry-times', '0', ...filled], {
      ...options,
      cwd: folder.path,
      env,
    });
  };
  return {
    folder,
    source: from,
    target: to,
    run: (...args) => runWith({}, ...args),
    runWith,
    [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
  };
}

/** `v0`, `v1` …, of ten images in turn. */
export const numbered = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_one, i) => [`v${i}`, `app-${(i % 10) + 1}`]));

export async function tagsOf({ storage }: RecordedRegistry, repository: string): Promise<string[]> {
  return Object.keys((await contentsOf(storage))[repository]?.tags ?? {}).toSorted();
}
