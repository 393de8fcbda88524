import { creationTime } from '../../oci/creation-time.ts';
import { AppError } from '../../errors/app-error.ts';
import { repositoryOf } from '../../signing/verify/repository.ts';
import { readPrivateKey } from '../../signing/keys/private.ts';
import { signingKey } from '../../signing/sign/key.ts';
import type { SignOptions } from '../../signing/sign/sign.ts';
import type { Location } from '../../transports/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Context } from '../context.ts';
import type { Input, OptionSpec } from '../types.ts';
import { readKeyText } from '../../signing/keys/read-key.ts';
import { readText } from './read.ts';

/** Options that `sign` and `attest` share. */
export const SIGNING_OPTIONS = {
  key: {
    flags: '--key <file>',
    summary: 'private key: a file or env://VAR (password: COSIGN_PASSWORD)',
    kind: 'string',
  },
  identity: {
    flags: '--sign-container-identity <name>',
    summary: 'image name to write into the signature (.sig form)',
    kind: 'string',
  },
} as const satisfies Readonly<Record<string, OptionSpec>>;

type SigningContext = Pick<Context, 'cwd' | 'env' | 'flags' | 'now' | 'terminal'>;

/**
 * What `sign` and `attest` sign with. The password of a key is asked for, or `COSIGN_PASSWORD`.
 * @throws AppError USAGE without --key; CONFIG_INVALID for a key that cannot be used
 */
export async function signingOptions(
  context: SigningContext,
  input: Input,
  verb: 'sign' | 'attest',
  options: CallOptions,
): Promise<SignOptions> {
  const name = readText(input, 'key');
  if (name === undefined) {
    throw new AppError('USAGE', `${verb} needs a key: regctl signs without certificates`, {
      hint: `Name it with --key FILE, or sign with your identity: cosign ${verb} IMAGE@DIGEST`,
    });
  }
  const text = await readKeyText(context, name);
  const key = await readPrivateKey(text, name, () => passwordOf(context, name, options));
  const form = readText(input, 'form') ?? 'bundle';
  return {
    ...options,
    key: signingKey(key),
    created: creationTime(context.env, () => context.now()),
    forms: form === 'both' ? ['bundle', 'simple'] : [form === 'simple' ? 'simple' : 'bundle'],
    concurrency: context.flags.concurrency,
  };
}

async function passwordOf(
  { env, terminal }: SigningContext,
  name: string,
  options: CallOptions,
): Promise<string> {
  const given = env['COSIGN_PASSWORD'];
  if (given !== undefined) return given;
  if (terminal.interactive) {
    return terminal.prompt(`Password of ${name}:`, { ...options, hidden: true });
  }
  throw new AppError('USAGE', `cannot open the key ${name}: it needs a password`, {
    hint: 'Set COSIGN_PASSWORD; it may be empty.',
  });
}

/**
 * The name under which an image is signed: as it was written, with its tag, which podman compares;
 * without one as cosign, the repository only. Undefined outside registries, if no name is given.
 * @throws AppError USAGE
 */
export function identityOf(location: Location, input: Input): string | undefined {
  const given = readText(input, 'signContainerIdentity');
  if (given !== undefined && repositoryOf(given) === undefined) {
    throw new AppError('USAGE', `--sign-container-identity: "${given}" is not an image name`);
  }
  if (given !== undefined || location.scheme !== 'docker') return given;
  return location.tag === undefined ? location.name : `${location.name}:${location.tag}`;
}
