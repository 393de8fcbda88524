import { AppError } from '../../errors/app-error.ts';
import type { CallOptions } from '../../util/abort.ts';
import { collect } from '../../util/bytes.ts';
import { startChild, type Child } from '../../util/process/child.ts';
import { findProgram } from '../../util/process/find-program.ts';
import { engineFailure } from '../engine-failure.ts';
import type { EngineContext } from '../types.ts';

/**
 * Node's pipes are sockets, which cannot be opened by name. The output goes through a pipe of the
 * shell, and the shell exits with the status of the command.
 */
const INTO_PIPE = 'exec 4>&1; s=$({ { "$@" 3>&- 4>&-; echo $? >&3; } | cat >&4; } 3>&1); exit "$s"';

const MAX_OUTPUT_BYTES = 8 * 1024 * 1024;

/** Runs podman, or Buildah if podman is not installed, on one storage. */
export interface StorageProgram {
  readonly name: 'podman' | 'buildah';
  start(args: readonly string[], options?: CallOptions): Child;
  /** Starts a command that opens /dev/stdout. */
  startIntoPipe(args: readonly string[], options?: CallOptions): Child;
  /**
   * Returns what a command prints; undefined if it reports that the image does not exist.
   * @throws AppError ENGINE_ERROR
   */
  ask(args: readonly string[], options?: CallOptions): Promise<string | undefined>;
}

/** @throws AppError UNSUPPORTED if neither program is installed */
export async function findStorageProgram(
  { env, os }: EngineContext,
  storage: readonly string[],
): Promise<StorageProgram> {
  for (const name of ['podman', 'buildah'] as const) {
    const file = await findProgram(name, env, os);
    if (file === undefined) continue;
    const start: StorageProgram['start'] = (args, options) =>
      startChild(file, [...storage, ...args], { env, signal: options?.signal });
    return {
      name,
      start,
      startIntoPipe: (args, options) =>
        startChild('/bin/sh', ['-c', INTO_PIPE, 'sh', file, ...storage, ...args], {
          env,
          signal: options?.signal,
        }),
      async ask(args, options) {
        await using child = start(args, options);
        child.stdin.end();
        const tooLarge = (): AppError =>
          new AppError('RESPONSE_TOO_LARGE', `${name} printed more than 8 MiB`);
        const out = await collect(child.stdout, MAX_OUTPUT_BYTES, tooLarge);
        const { status, stderr } = await child.finished;
        options?.signal?.throwIfAborted();
        if (status === 0) return Buffer.from(out).toString('utf8').trim();
        if (isNoSuchImage(stderr)) return undefined;
        throw programError(name, args, status, stderr);
      },
    };
  }
  throw new AppError(
    'UNSUPPORTED',
    'cannot open containers-storage: neither podman nor buildah is installed',
    { hint: 'Install one of them, or use an archive: podman load -i image.tar' },
  );
}

/** Whether a program reported a missing image: podman exits with 125 for this and other errors. */
export function isNoSuchImage(words: string): boolean {
  return /image not known|no such image|unable to find|does not resolve to an image ID/iu.test(
    words,
  );
}

export function noSuchImage(program: string, name: string): AppError {
  return new AppError('MANIFEST_UNKNOWN', `the storage has no image "${name}"`, {
    // Scripts look for these words of podman and skopeo.
    why: ['the name does not resolve to an image ID'],
    hint: `See what there is with: ${program} images`,
  });
}

/** The error, from the last line that a program wrote. */
export function programError(
  name: string,
  args: readonly string[],
  status: number | undefined,
  stderr: string,
): AppError {
  const last = stderr.trim().split('\n').at(-1) ?? '';
  return engineFailure({
    what: `"${name} ${args[0] ?? ''}" failed (${status ?? 'killed'})`,
    words: last.replace(/^Error: /u, '') || 'without a word',
    text: stderr,
    usage: name === 'podman' ? 'podman system df' : 'buildah prune',
    hint: `Try it by hand: ${name} info`,
  });
}
