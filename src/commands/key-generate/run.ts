import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AppError } from '../../errors/app-error.ts';
import { generateKeys, type KeyType } from '../../signing/keys/generate.ts';
import type { CallOptions } from '../../util/abort.ts';
import { systemError } from '../../util/errno.ts';
import type { Context } from '../context.ts';
import { readText } from '../input/read.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';

type KeyContext = Pick<Context, 'cwd' | 'env' | 'terminal'>;

/** Writes a new pair of keys. @throws AppError PATH_EXISTS, USAGE, IO */
export async function run(
  context: KeyContext,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const prefix = readText(input, 'outputKeyPrefix') ?? 'cosign';
  const type = (readText(input, 'type') ?? 'p256') as KeyType;
  const names = { private: `${prefix}.key`, public: `${prefix}.pub` };
  const paths = {
    private: resolve(context.cwd, names.private),
    public: resolve(context.cwd, names.public),
  };
  for (const path of Object.values(paths)) {
    if (!existsSync(path)) continue;
    throw new AppError('PATH_EXISTS', `cannot write ${path}: it exists already`, {
      hint: 'Choose another name with --output-key-prefix; a key is never replaced.',
    });
  }
  const keys = await generateKeys(type, await newPassword(context, options));
  await writeNew(paths.private, keys.private, 0o600);
  await writeNew(paths.public, keys.public, 0o644);
  return {
    kind: 'value',
    json: { PrivateKey: names.private, PublicKey: names.public, Type: type },
    text: () => `${names.private}\n${names.public}`,
  };
}

async function writeNew(path: string, text: string, mode: number): Promise<void> {
  try {
    await writeFile(path, text, { flag: 'wx', mode });
  } catch (error) {
    throw systemError(error, { verb: 'write', path });
  }
}

async function newPassword({ env, terminal }: KeyContext, options: CallOptions): Promise<string> {
  const given = env['COSIGN_PASSWORD'];
  if (given !== undefined) return given;
  if (!terminal.interactive) {
    throw new AppError('USAGE', 'a new key needs a password', {
      hint: 'Set COSIGN_PASSWORD; it may be empty.',
    });
  }
  const ask = (question: string): Promise<string> =>
    terminal.prompt(question, { ...options, hidden: true });
  const password = await ask('Password of the new key:');
  if (password === (await ask('The same password again:'))) return password;
  throw new AppError('USAGE', 'the passwords differ', { hint: 'Run the command again.' });
}
