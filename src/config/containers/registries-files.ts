import { systemFolders } from '../files/system-folders.ts';
import { errnoOf } from '../../util/errno.ts';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../errors/app-error.ts';
import { fileError, readTextFile } from '../files/text.ts';
import { configHome } from '../files/user-folders.ts';

export interface RegistriesFilesOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Undefined: this user has no home directory. */
  readonly home: string | undefined;
  /** `--registries-conf`. */
  readonly registriesConf?: string | undefined;
  /** Directory of the system's own files. Default: /etc/containers. */
  readonly systemDir?: string | undefined;
  /** Node's name of the system. Default: a system with POSIX paths. */
  readonly os?: string | undefined;
}

export interface RegistriesFile {
  readonly path: string;
  readonly text: string;
}

const NAME = 'registries.conf';
const VARIABLE = 'CONTAINERS_REGISTRIES_CONF';

/**
 * Reads the files that apply; later ones override earlier ones (containers-registries.conf.d(5)):
 * only the named file, else the user's with its drop-ins, else the system's with all drop-ins.
 * @throws AppError CONFIG_INVALID when a named file is missing, IO
 */
export async function readRegistriesFiles(
  options: RegistriesFilesOptions,
): Promise<readonly RegistriesFile[]> {
  const named = namedFile(options);
  if (named !== undefined) return [await required(named.path, named.by)];
  const userDir = configHome(options.env, options.home);
  const os = options.os ?? 'linux';
  const systemDir = options.systemDir ?? systemFolders(os, options.env).containers;
  const [user, userDropIns] = await Promise.all([
    userDir === undefined ? [] : optional(join(userDir, 'containers', NAME)),
    userDir === undefined ? [] : dropIns(join(userDir, 'containers', `${NAME}.d`)),
  ]);
  if (user.length > 0) return [...user, ...userDropIns];
  const [system, systemDropIns] = await Promise.all([
    systemDir === undefined ? [] : optional(join(systemDir, NAME)),
    systemDir === undefined ? [] : dropIns(join(systemDir, `${NAME}.d`)),
  ]);
  return [...system, ...systemDropIns, ...userDropIns];
}

function namedFile(
  options: RegistriesFilesOptions,
): { readonly path: string; readonly by: string } | undefined {
  const { registriesConf } = options;
  if (registriesConf !== undefined) return { path: registriesConf, by: '--registries-conf' };
  const path = options.env[VARIABLE] ?? '';
  return path === '' ? undefined : { path, by: VARIABLE };
}

async function required(path: string, by: string): Promise<RegistriesFile> {
  const file = await readTextFile(path);
  if (file !== undefined) return { path, text: file.text };
  throw new AppError('CONFIG_INVALID', `${path} does not exist`, { hint: `Correct ${by}.` });
}

async function optional(path: string): Promise<readonly RegistriesFile[]> {
  const file = await readTextFile(path);
  return file === undefined ? [] : [{ path, text: file.text }];
}

/** Reads `*.conf` of a directory, sorted by name. */
async function dropIns(dir: string): Promise<readonly RegistriesFile[]> {
  let names: readonly string[];
  try {
    const entries = readdirSync(dir, { withFileTypes: true });
    names = entries.filter((one) => !one.isDirectory()).map((one) => one.name);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return [];
    throw fileError('read', dir, error);
  }
  const paths = names
    .filter((name) => name.endsWith('.conf'))
    .toSorted()
    .map((name) => join(dir, name));
  return (await Promise.all(paths.map(optional))).flat();
}
