import { resolve } from 'node:path';
import { readTextFile } from '../../config/files/text.ts';
import { AppError } from '../../errors/app-error.ts';
import { readPublicKey, type PublicKey } from './public.ts';

/** Larger than any key. */
const MAX_CHARACTERS = 64 * 1024;

/** @throws AppError as readKeyText and readPublicKey do */
export function readPublicKeys(
  place: KeyPlace,
  names: readonly string[],
): Promise<readonly PublicKey[]> {
  return Promise.all(
    names.map(async (name) => readPublicKey(await readKeyText(place, name), name)),
  );
}

export interface KeyPlace {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * The text of a key: a file, or `env://VAR`.
 * @throws AppError USAGE for a key in a service, CONFIG_INVALID if it does not exist, IO
 */
export async function readKeyText({ cwd, env }: KeyPlace, name: string): Promise<string> {
  const service = /^([a-z0-9+]+):\/\//u.exec(name)?.[1];
  if (service !== undefined && service !== 'env') {
    throw new AppError(
      'USAGE',
      `cannot use the key ${name}: keys in ${service} are not supported`,
      {
        hint: 'Name a file, or env://VARIABLE.',
      },
    );
  }
  const text =
    service === 'env'
      ? env[name.slice('env://'.length)]
      : (await readTextFile(resolve(cwd, name)))?.text;
  if (text === undefined) {
    throw new AppError('CONFIG_INVALID', `cannot read the key ${name}: it does not exist`, {
      hint: 'Name the file of the key, or env://VARIABLE.',
    });
  }
  if (text.length > MAX_CHARACTERS) {
    throw new AppError('CONFIG_INVALID', `cannot use the key ${name}: it is too large for a key`);
  }
  return text;
}
