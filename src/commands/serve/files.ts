import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';
import { parseRules, type AccessRules } from '../../server/access/rules.ts';
import { parseHtpasswd } from '../../server/htpasswd.ts';
import type { ServerCertificate } from '../../server/server.ts';
import { causeOf, errnoOf } from '../../util/errno.ts';
import { readNamedFile } from '../../util/regular-file.ts';
import type { Context } from '../context.ts';
import { readText } from '../input/read.ts';
import type { Input } from '../types.ts';

/** More than any certificate, key or htpasswd file has. */
const MAX_FILE_BYTES = 16 * 1024 * 1024;

/** The files that the server reads when it starts, when they change and at each SIGHUP. */
export interface ServeFiles {
  readonly tls: ServerCertificate | undefined;
  /** Password hashes by username; `undefined` without --htpasswd. */
  readonly users: ReadonlyMap<string, string> | undefined;
  /** Of --rules. */
  readonly rules: AccessRules | undefined;
}

const NAMES = ['htpasswd', 'tlsCert', 'tlsKey', 'rules'] as const;

/** Differs once one of the files has changed, or was replaced. */
export async function stampOfFiles({ cwd }: Pick<Context, 'cwd'>, input: Input): Promise<string> {
  const paths = NAMES.map((name) => readText(input, name)).filter((path) => path !== undefined);
  const stamps = paths.map(async (path) => {
    try {
      const { ino, size, mtimeNs } = await stat(resolve(cwd, path), { bigint: true });
      return `${ino} ${size} ${mtimeNs}`;
    } catch {
      return 'missing';
    }
  });
  return (await Promise.all(stamps)).join(' · ');
}

/** @throws AppError USAGE, PATH_UNKNOWN, IO, CONFIG_INVALID */
export async function readFiles(context: Pick<Context, 'cwd'>, input: Input): Promise<ServeFiles> {
  const htpasswd = readText(input, 'htpasswd');
  const rules = readText(input, 'rules');
  return {
    rules: rules === undefined ? undefined : await parseRules(await readFileText(context, rules)),
    tls: await readCertificate(context, input),
    users:
      htpasswd === undefined ? undefined : parseHtpasswd(await readFileText(context, htpasswd)),
  };
}

async function readCertificate(
  context: Pick<Context, 'cwd'>,
  input: Input,
): Promise<ServerCertificate | undefined> {
  const cert = readText(input, 'tlsCert');
  const key = readText(input, 'tlsKey');
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined) {
    throw new AppError('USAGE', '--tls-cert and --tls-key are used together');
  }
  return { cert: await readFileText(context, cert), key: await readFileText(context, key) };
}

async function readFileText({ cwd }: Pick<Context, 'cwd'>, file: string): Promise<string> {
  try {
    const { bytes } = await readNamedFile(resolve(cwd, file), MAX_FILE_BYTES);
    return Buffer.from(bytes).toString('utf8');
  } catch (error) {
    const code = errnoOf(error) === 'ENOENT' ? 'PATH_UNKNOWN' : 'IO';
    const cause = errnoOf(error) === undefined ? messageOf(error) : causeOf(error);
    throw new AppError(code, `cannot read "${file}": ${cause}`, { cause: error });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The message of an error, fit for a line of the log. */
export function causeText(error: unknown): string {
  return sanitize(messageOf(error));
}
