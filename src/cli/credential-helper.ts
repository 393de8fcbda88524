import { handleHelperRequest } from '../credentials/helpers/server.ts';
import { openKeychain } from '../credentials/helpers/keychain.ts';
import { AppError } from '../errors/app-error.ts';
import type { Io } from './io.ts';
import { VERSION } from '../client/version.ts';
import { stdinBytes } from './process/stdin.ts';
import { collect } from '../util/bytes.ts';
import { createWriter } from './output/writer.ts';

/** Name of the program and of its entries in the keychain. */
const PROGRAM = 'docker-credential-regctl';
/** A login has a few thousand bytes. */
const MAX_INPUT = 1024 * 1024;

/** Runs the credential helper on top of the keychain. Resolves to its exit status. */
export async function runCredentialHelper(
  io: Pick<Io, 'argv' | 'env' | 'stdin' | 'stdout' | 'host'>,
): Promise<number> {
  const { status, stdout } = await handleHelperRequest(io.argv, {
    program: PROGRAM,
    version: VERSION,
    stdin: async () => {
      return new TextDecoder().decode(await collect(stdinBytes(io.stdin), MAX_INPUT, tooLong));
    },
    keychain: () => openKeychain({ service: PROGRAM, os: io.host.platform, env: io.env }),
  });
  await createWriter(io.stdout).write(stdout);
  return status;
}

const tooLong = (): AppError => new AppError('CREDENTIAL_HELPER', 'the input exceeds 1 MiB');
