import { AppError } from '../../errors/app-error.ts';
import { bytesOf } from '../../util/bytes.ts';
import { readArgument } from '../input/read.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';
import { BASH, FISH, POWERSHELL, ZSH } from './scripts.ts';
import { SHELLS } from './shells.ts';

const SCRIPTS: Readonly<Record<string, string>> = {
  bash: BASH,
  zsh: ZSH,
  fish: FISH,
  pwsh: POWERSHELL,
  powershell: POWERSHELL,
};

/** Prints the script. @throws AppError USAGE for another shell */
export async function run(_context: object, input: Input): Promise<Result> {
  const shell = readArgument(input, 0, 'SHELL');
  const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
  if (script === undefined) {
    throw new AppError('USAGE', `completion takes ${SHELLS.join(', ')}, not "${shell}"`);
  }
  return {
    kind: 'bytes',
    bytes: bytesOf(Buffer.from(script)),
    json: () => ({ Shell: shell, Script: script }),
  };
}
