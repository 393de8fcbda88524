import { regclientConfigPath, setRegclientHost } from '../../config/regclient/config-file.ts';
import { AppError } from '../../errors/app-error.ts';
import { parseRegistry } from '../../reference/names.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Context } from '../context.ts';
import { readArgument, readFlag } from '../input/read.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';

/** regctl's option → regclient's JSON member. */
const MEMBERS: readonly (readonly [string, string])[] = [
  ['tls', 'tls'],
  ['hostname', 'hostname'],
  ['pathPrefix', 'pathPrefix'],
  ['mirror', 'mirrors'],
  ['priority', 'priority'],
  ['cacert', 'regcert'],
  ['clientCert', 'clientCert'],
  ['clientKey', 'clientKey'],
  ['repoAuth', 'repoAuth'],
  ['blobChunk', 'blobChunk'],
  ['blobMax', 'blobMax'],
  ['reqPerSec', 'reqPerSec'],
  ['reqConcurrent', 'reqConcurrent'],
  ['credHelper', 'credHelper'],
];

/**
 * Writes the entry, then pings the registry, as regclient does. A failed ping is an error, but the
 * entry stays.
 */
export async function run(
  context: Pick<Context, 'env' | 'machine' | 'registry' | 'temporaries'>,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const registry = parseRegistry(readArgument(input, 0, 'REGISTRY'));
  const path = regclientConfigPath({ env: context.env, home: context.machine.home });
  if (path === undefined) {
    throw new AppError('USAGE', 'cannot keep the entry: there is no home directory', {
      hint: 'Name the file in the variable REGCTL_CONFIG.',
    });
  }
  const members = Object.fromEntries(
    MEMBERS.flatMap(([option, member]) => {
      const value = input.options[option];
      return value === undefined ? [] : [[member, value as string | number | boolean | string[]]];
    }),
  );
  const temporaries = await context.temporaries();
  await setRegclientHost(path, registry, members, { temporaries, signal: options.signal });
  if (!readFlag(input, 'skipCheck')) {
    await (await context.registry('single')).ping(registry, options);
  }
  return { kind: 'value', json: { Registry: registry, File: path, Set: members }, text: () => '' };
}
