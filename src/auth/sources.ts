import { parseDockerAuthConfig } from '../config/docker-auth-config.ts';
import {
  dockerConfigPath,
  loadDockerConfig,
  type AuthEntry,
  type DockerConfig,
} from '../config/docker-config.ts';
import { AppError } from '../errors/app-error.ts';
import { credentialKey } from '../reference/docker-hub.ts';
import type { CallOptions } from '../store/types.ts';
import { credentialOf, findEntry } from './docker-file.ts';
import { helperFor } from './docker-helper.ts';
import { flagSource, type CredentialFlags } from './flags.ts';
import { createHelperRunner, type RunHelper } from './helper-process.ts';
import { createMemo } from './memo.ts';
import { sameRegistry, type KeyStyle } from './registry-key.ts';
import type { Credential, CredentialChain, CredentialSource } from './types.ts';

const AUTH_VARIABLE = 'DOCKER_AUTH_CONFIG';

export interface CredentialPlaces {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  /** `--config` */
  readonly configDir?: string | undefined;
  /** `--authfile` */
  readonly authfile?: string | undefined;
  readonly warn: (text: string) => void;
  /** Default: child processes with `env`. */
  readonly runHelper?: RunHelper | undefined;
}

export interface CredentialChainOptions extends CredentialPlaces {
  readonly flags: CredentialFlags;
  /** The registry the command names on this side; with it, the flags answer for no other. */
  readonly registry?: string | undefined;
}

export interface DescribedCredentialChain extends CredentialChain {
  /** Names of the sources, in the order they are asked: for `doctor` and `--debug`. */
  describeSources(): readonly string[];
}

/**
 * The credential sources of one side of a command, in order of precedence. Files are read and
 * helpers run at the first look-up only.
 * @throws AppError USAGE for contradicting flags
 */
export function createCredentialChain(options: CredentialChainOptions): DescribedCredentialChain {
  const helperAnswers = createMemo<Credential | undefined>();
  const answers = createMemo<Credential | undefined>();
  const sources = orderedSources(options, (host, ask, call) => helperAnswers.get(host, ask, call));

  const ask = async (
    host: string,
    repository: string | undefined,
    call: CallOptions,
  ): Promise<Credential | undefined> => {
    for (const source of sources) {
      const credential = await source.get(host, repository, call);
      if (credential !== undefined) return credential;
    }
    return undefined;
  };

  return {
    lookup: (host, repository, call) =>
      answers.get(
        `${host} ${repository ?? ''}`,
        (signal) => ask(host, repository, { signal }),
        call,
      ),
    forget(host) {
      helperAnswers.forget((key) => sameRegistry(key, host));
      answers.forget((key) => sameRegistry(key.split(' ', 1)[0] ?? '', host));
    },
    describeSources: () => sources.map((source) => source.name),
  };
}

/** The file of logins in force; one of style `containers` was named, and then is the only one. */
export function authFilePath(places: Omit<CredentialPlaces, 'warn'>): {
  readonly path: string;
  readonly style: KeyStyle;
} {
  // A flag outranks the environment, so `--config` also switches REGISTRY_AUTH_FILE off.
  const variable = places.configDir === undefined ? (places.env['REGISTRY_AUTH_FILE'] ?? '') : '';
  const named = places.authfile ?? (variable === '' ? undefined : variable);
  return named === undefined
    ? { path: dockerConfigPath(places), style: 'docker' }
    : { path: named, style: 'containers' };
}

type HelperMemo = (
  host: string,
  ask: (signal: AbortSignal) => Promise<Credential | undefined>,
  options?: CallOptions,
) => Promise<Credential | undefined>;

/** The one ordered list: flags, then a named file alone, or the variable and Docker's file. */
function orderedSources(
  options: CredentialChainOptions,
  memo: HelperMemo,
): readonly CredentialSource[] {
  const flags = flagSource(options.flags, options.registry);
  if (options.flags.noCreds === true) return [];
  const { path, style } = authFilePath(options);
  return [
    ...(flags === undefined ? [] : [flags]),
    ...(style === 'containers' ? [] : variableSource(options)),
    fileSource(path, style, options, memo),
  ];
}

function variableSource({ env, warn }: CredentialPlaces): readonly CredentialSource[] {
  const text = env[AUTH_VARIABLE];
  if (text === undefined || text === '') return [];
  const auths = once(() => usableAuths(parseDockerAuthConfig(text, warn), warn));
  return [
    {
      name: AUTH_VARIABLE,
      async get(host, repository) {
        const found = findEntry(auths(), host, repository, 'docker');
        return found === undefined ? undefined : credentialOf(found, AUTH_VARIABLE);
      },
    },
  ];
}

/** As with the rest of the variable, an entry that cannot be decoded is warned about, not fatal. */
function usableAuths(
  auths: ReadonlyMap<string, AuthEntry>,
  warn: (text: string) => void,
): ReadonlyMap<string, AuthEntry> {
  const usable = [...auths].filter(([key, entry]) => {
    try {
      return credentialOf({ key, entry }, AUTH_VARIABLE).kind === 'basic';
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      warn(`ignoring ${error.message}`);
      return false;
    }
  });
  return new Map(usable);
}

/** A file in Docker's form: the helper it names for the host, else its own entries. */
function fileSource(
  path: string,
  style: KeyStyle,
  places: CredentialPlaces,
  memo: HelperMemo,
): CredentialSource {
  const { warn } = places;
  const run = places.runHelper ?? createHelperRunner({ env: places.env });
  const load = once((): Promise<DockerConfig> =>
    loadDockerConfig(path, { warn, required: style === 'containers' }),
  );
  return {
    name: path,
    async get(host, repository, options) {
      const config = await load();
      const helper = helperFor(config, host, run);
      const held =
        helper &&
        (await memo(host, (signal) => helper.get(credentialKey(host), { signal }), options));
      if (held !== undefined) return held;
      const found = findEntry(config.auths, host, repository, style);
      return found === undefined ? undefined : credentialOf(found, path);
    },
  };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
