import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { sanitize } from '../../errors/sanitize.ts';
import { causeOf } from '../../util/errno.ts';
import { startChild, type Child } from '../../util/process/child.ts';
import { findProgram } from '../../util/process/find-program.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Context } from '../context.ts';

type BrowserContext = Pick<Context, 'env' | 'machine' | 'note' | 'tempDir'>;

/** Programs that open a file in the user's browser, by operating system. */
const OPENERS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  darwin: [['open']],
  win32: [['explorer']],
  linux: [['xdg-open'], ['wslview'], ['gio', 'open']],
};

/**
 * Opens an address by a private file that leads to it: any user of the machine can read a command
 * line. The file is removed when disposed.
 */
export async function openBrowser(
  context: BrowserContext,
  address: string,
  options: CallOptions,
): Promise<AsyncDisposable | undefined> {
  const [program, ...words] = (await findOpener(context)) ?? [];
  if (program === undefined) {
    context.note('no browser was found: open the address yourself');
    return undefined;
  }
  try {
    const folder = await mkdtemp(join(context.tempDir, 'regctl-ui-'));
    const file = join(folder, 'open.html');
    const page = `<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0; url=${address}"><title>regctl ui</title>`;
    await writeFile(file, page, { mode: 0o600, flag: 'wx' });
    const child = startChild(program, [...words, pathToFileURL(file).href], {
      env: context.env,
      ...options,
    });
    child.stdin.end();
    child.stdout.resume();
    void reportFailure(child, context, options);
    return {
      [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
    };
  } catch (error) {
    context.note(`the browser could not be opened: ${causeOf(error)}`);
    return undefined;
  }
}

async function reportFailure(
  child: Child,
  context: BrowserContext,
  { signal }: CallOptions,
): Promise<void> {
  const { status, stderr } = await child.finished;
  if (status === 0 || signal?.aborted === true) return;
  context.note(
    `the browser could not be opened: ${sanitize(stderr.trim().split('\n').at(-1) ?? '')}`,
  );
}

async function findOpener({
  env,
  machine,
}: BrowserContext): Promise<readonly string[] | undefined> {
  for (const [name = '', ...words] of OPENERS[machine.os] ?? OPENERS['linux'] ?? []) {
    const program = await findProgram(name, env, machine.os);
    if (program !== undefined) return [program, ...words];
  }
  return undefined;
}
