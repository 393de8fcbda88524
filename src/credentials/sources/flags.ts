import { AppError } from '../../errors/app-error.ts';
import { sameRegistry } from '../keys.ts';
import type { Credential, CredentialSource } from '../types.ts';

/** The credential options of one side of a command, as typed. */
export interface CredentialFlags {
  /** `--creds USER[:PASSWORD]` */
  readonly creds?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly registryToken?: string | undefined;
  readonly noCreds?: boolean | undefined;
}

/**
 * Creates the source that answers from the options; undefined without them or with `--no-creds`.
 * With `registry`, it answers for that registry only.
 * @throws AppError USAGE for options that contradict each other or are incomplete
 */
export function flagSource(
  flags: CredentialFlags,
  registry?: string,
): CredentialSource | undefined {
  checkConflicts(flags);
  const credential = credentialOfFlags(flags);
  if (credential === undefined) return undefined;
  return {
    name: credential.origin,
    get: async (host) =>
      registry === undefined || sameRegistry(host, registry)
        ? { credential, detail: 'given on the command line' }
        : { detail: `meant only for ${registry}` },
  };
}

function checkConflicts(flags: CredentialFlags): void {
  const given = [
    flags.noCreds === true && '--no-creds',
    flags.creds !== undefined && '--creds',
    flags.registryToken !== undefined && '--registry-token',
    (flags.username ?? flags.password) !== undefined && '--username/--password',
  ].filter((flag) => flag !== false);
  if (given.length > 1)
    throw usage(`${given.join(' and ')} exclude each other`, 'give one of them');
}

function credentialOfFlags(flags: CredentialFlags): Credential | undefined {
  if (flags.registryToken !== undefined) return tokenCredential(flags.registryToken);
  if (flags.creds !== undefined) return credsCredential(flags.creds);
  const { username, password } = flags;
  if (username === undefined && password === undefined) return undefined;
  if (username === undefined || username === '') {
    throw usage('--password needs a username', 'give --username too');
  }
  if (password === undefined) {
    throw usage('--username needs a password', 'give --password too, or log in first');
  }
  return { kind: 'basic', username, password, origin: '--username' };
}

function tokenCredential(token: string): Credential {
  // RFC 6750 2.1: what may follow "Bearer ".
  if (!/^[A-Za-z0-9._~+/-]+=*$/u.test(token)) {
    throw usage('--registry-token is empty or holds characters no token has', 'check the token');
  }
  return { kind: 'registry-token', token, origin: '--registry-token' };
}

function credsCredential(creds: string): Credential {
  const colon = creds.indexOf(':');
  const username = colon < 0 ? creds : creds.slice(0, colon);
  if (username === '') throw usage('--creds has no username', 'write --creds USER:PASSWORD');
  const password = colon < 0 ? '' : creds.slice(colon + 1);
  return { kind: 'basic', username, password, origin: '--creds' };
}

function usage(message: string, hint: string): AppError {
  return new AppError('USAGE', message, { hint });
}
