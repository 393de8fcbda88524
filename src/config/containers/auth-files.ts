import { isAbsolute, join } from 'node:path';
import { dockerConfigPath, type DockerConfigOptions } from '../docker/config-json.ts';

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
  const docker: AuthFile = { path: dockerConfigPath(options), format: 'docker', named: false };
  if (options.configDir !== undefined) return [docker];
  const legacy = join(options.home, '.dockercfg');
  return [...containersFiles(options), docker, { path: legacy, format: 'dockercfg', named: false }];
}

/** The run-time file, gone at the next start of the machine, and the lasting one. */
function containersFiles(options: AuthFilesOptions): readonly AuthFile[] {
  const config = absolute(options.env['XDG_CONFIG_HOME']) ?? join(options.home, '.config');
  const lasting = containersFile(config);
  if ((options.os ?? 'linux') !== 'linux') {
    const own = containersFile(join(options.home, '.config'));
    return own.path === lasting.path ? [own] : [own, lasting];
  }
  const runtimeDir = absolute(options.env['XDG_RUNTIME_DIR']);
  if (runtimeDir !== undefined) return [{ ...containersFile(runtimeDir), runtimeDir }, lasting];
  if (options.uid === undefined) return [lasting];
  const path = `/run/containers/${options.uid}/auth.json`;
  return [{ path, format: 'containers', named: false }, lasting];
}

function containersFile(base: string): AuthFile {
  return { path: join(base, 'containers', 'auth.json'), format: 'containers', named: false };
}

/** XDG Base Directory Specification 0.8: a relative path is invalid and ignored. */
function absolute(path: string | undefined): string | undefined {
  return path !== undefined && isAbsolute(path) ? path : undefined;
}
