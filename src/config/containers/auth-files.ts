import { join } from 'node:path';
import { dockerConfigPath, type DockerConfigOptions } from '../docker/config-json.ts';
import { absolutePath, configHome } from '../files/user-folders.ts';

/**
 * The format of a file of logins: Docker's `config.json`, a containers-auth.json(5), or the old
 * `.dockercfg`, whose top level is the `auths` map.
 */
export type AuthFileFormat = 'docker' | 'containers' | 'dockercfg';

export interface AuthFile {
  readonly path: string;
  readonly format: AuthFileFormat;
  /** The user named it: a missing file is an error, and no other file is read. */
  readonly named: boolean;
  /** The directory of XDG_RUNTIME_DIR that contains the file. */
  readonly runtimeDir?: string | undefined;
  /** In a directory that may belong to another user: an unreadable file counts as missing. */
  readonly shared?: true;
}

export interface AuthFilesOptions extends DockerConfigOptions {
  /** `--authfile` */
  readonly authfile?: string | undefined;
  /** Node's name of the system; `linux` by default. */
  readonly os?: string | undefined;
  /** User ID; undefined if the system has none. */
  readonly uid?: number | undefined;
}

/**
 * Lists the files that may hold logins, in the order of containers-auth.json(5). A file named by
 * option or variable is the only one; `--config DIR` means only Docker's file there, because an
 * option outranks the environment.
 */
export function authFiles(options: AuthFilesOptions): readonly AuthFile[] {
  const variable = options.configDir === undefined ? (options.env['REGISTRY_AUTH_FILE'] ?? '') : '';
  const named = options.authfile ?? (variable === '' ? undefined : variable);
  if (named !== undefined) return [{ path: named, format: 'containers', named: true }];
  const docker = unnamed('docker', dockerConfigPath(options));
  if (options.configDir !== undefined) return docker;
  const { home } = options;
  const legacy = home === undefined ? undefined : join(home, '.dockercfg');
  return [...containersFiles(options), ...docker, ...unnamed('dockercfg', legacy)];
}

/** The run-time file, which a restart of the machine removes, and the permanent one. */
function containersFiles(options: AuthFilesOptions): readonly AuthFile[] {
  const { env, home, uid, os = 'linux' } = options;
  const lasting = containersFile(configHome(env, home));
  if (os !== 'linux') {
    const own = containersFile(configHome({}, home));
    return own[0]?.path === lasting[0]?.path ? own : [...own, ...lasting];
  }
  const runtimeDir = absolutePath(env['XDG_RUNTIME_DIR']);
  if (runtimeDir !== undefined) {
    return [...containersFile(runtimeDir).map((file) => ({ ...file, runtimeDir })), ...lasting];
  }
  const path = uid === undefined ? undefined : `/run/containers/${uid}/auth.json`;
  return [
    ...unnamed('containers', path).map((file) => ({ ...file, shared: true as const })),
    ...lasting,
  ];
}

function containersFile(base: string | undefined): readonly AuthFile[] {
  return unnamed('containers', base && join(base, 'containers', 'auth.json'));
}

function unnamed(format: AuthFileFormat, path: string | undefined): readonly AuthFile[] {
  return path === undefined ? [] : [{ path, format, named: false }];
}
