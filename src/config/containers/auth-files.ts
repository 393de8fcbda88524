import { isAbsolute, join } from 'node:path';
import { dockerConfigPath, type ConfigPlace } from '../docker/config-json.ts';

/**
 * How a file of logins is read: Docker's `config.json`, a containers-auth.json(5), or the old
 * `.dockercfg`, whose top level is the `auths` map.
 */
export type AuthFileForm = 'docker' | 'containers' | 'dockercfg';

export interface AuthFile {
  readonly path: string;
  readonly form: AuthFileForm;
  /** The user named it, so a missing one is an error, and it is the only one. */
  readonly named: boolean;
  /** The folder of XDG_RUNTIME_DIR that the file is below. */
  readonly runtimeDir?: string | undefined;
}

export interface AuthFilePlace extends ConfigPlace {
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
export function authFiles(place: AuthFilePlace): readonly AuthFile[] {
  const variable = place.configDir === undefined ? (place.env['REGISTRY_AUTH_FILE'] ?? '') : '';
  const named = place.authfile ?? (variable === '' ? undefined : variable);
  if (named !== undefined) return [{ path: named, form: 'containers', named: true }];
  const docker: AuthFile = { path: dockerConfigPath(place), form: 'docker', named: false };
  if (place.configDir !== undefined) return [docker];
  const legacy = join(place.home, '.dockercfg');
  return [...containersFiles(place), docker, { path: legacy, form: 'dockercfg', named: false }];
}

/** The run-time file, gone at the next start of the machine, and the lasting one. */
function containersFiles(place: AuthFilePlace): readonly AuthFile[] {
  const config = absolute(place.env['XDG_CONFIG_HOME']) ?? join(place.home, '.config');
  const lasting = containersFile(config);
  if ((place.os ?? 'linux') !== 'linux') {
    const own = containersFile(join(place.home, '.config'));
    return own.path === lasting.path ? [own] : [own, lasting];
  }
  const runtimeDir = absolute(place.env['XDG_RUNTIME_DIR']);
  if (runtimeDir !== undefined) return [{ ...containersFile(runtimeDir), runtimeDir }, lasting];
  if (place.uid === undefined) return [lasting];
  const path = `/run/containers/${place.uid}/auth.json`;
  return [{ path, form: 'containers', named: false }, lasting];
}

function containersFile(base: string): AuthFile {
  return { path: join(base, 'containers', 'auth.json'), form: 'containers', named: false };
}

/** XDG Base Directory Specification 0.8: a relative path is invalid and ignored. */
function absolute(path: string | undefined): string | undefined {
  return path !== undefined && isAbsolute(path) ? path : undefined;
}
