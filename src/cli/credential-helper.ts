import { handleHelperRequest } from '../credentials/helpers/server.ts';
import { openKeychain } from '../credentials/helpers/keychain.ts';
import { AppError } from '../errors/app-error.ts';
import type { Io } from './io.ts';
import { VERSION } from '../client/version.ts';
import { createWriter } from './output/writer.ts';

/** Name of the program, and of its entries in the keychain. */
const PROGRAM = 'docker-credential-regctl';
/** A login has a few thousand bytes. */
const MAX_INPUT = 1024 * 1024;

/** The credential helper over the keychain. Resolves to its exit status. */
export async function runCredentialHelper(
  io: Pick<Io, 'argv' | 'stdin' | 'stdout' | 'host'>,
): Promise<number> {
  const { status, stdout } = await handleHelperRequest(io.argv, {
    program: PROGRAM,
    version: VERSION,
    stdin: () => readAll(io.stdin),
    keychain: () => openKeychain({ service: PROGRAM, os: io.host.platform }),
  });
  await createWriter(io.stdout).write(stdout);
  return status;
}

async function readAll(stdin: Io['stdin']): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stdin) {
    const bytes = Buffer.from(chunk);
    size += bytes.byteLength;
    if (size > MAX_INPUT) throw new AppError('CREDENTIAL_HELPER', 'the input exceeds 1 MiB');
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}
