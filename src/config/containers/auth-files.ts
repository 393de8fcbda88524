import { join } from 'node:path';
import { dockerConfigPath, type DockerConfigOptions } from '../docker/config-json.ts';
import { absolutePath, configHome } from '../files/user-folders.ts';

/**
 * How a file of logins is read: Docker's `config.json`, a containers-auth.json(5), or the old
 * `.dockercfg`, whose top level is the `auths` map.
 */
export type AuthFileFormat = 'docker' | 'containers' | 'dockercfg';

export interface AuthFile {
  readonly path: string;
  readonly format: AuthFileFormat;
  /** The user named it, so a missing one is an error, and it is the only one. */
  readonly named: boolean;
  /** The folder of XDG_RUNTIME_DIR that the file is below. */
  readonly runtimeDir?: string | undefined;
  /** Below a directory that may be another user's: one that cannot be read holds no logins of this one. */
  readonly shared?: true;
}

export interface AuthFilesOptions extends DockerConfigOptions {
  /** `--authfile` */
  readonly authfile?: string | undefined;
  /** Node's name of the system; `linux` by default. */
  readonly os?: string | undefined;
  /** The user's number, where the system has one. */
  readonly uid?: number | undefined;
}

/**
 * The files that may hold logins, in the order of containers-auth.json(5). A file named by flag or
 * variable is the only one; `--config DIR` means Docker's file there alone, as a flag outranks what
 * the environment says.
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

/** The run-time file, gone at the next start of the machine, and the lasting one. */
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
