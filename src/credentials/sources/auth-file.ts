import { existsSync } from 'node:fs';
import type { AuthFile } from '../../config/containers/auth-files.ts';
import { loadDockerConfig, type LoadedDockerConfig } from '../../config/docker/config-json.ts';
import type { CallOptions } from '../../util/abort.ts';
import { type AuthFileEntry, credentialFromEntry, findEntry } from '../auth-entry.ts';
import { helperFor } from '../helpers/configured.ts';
import type { CredentialHelper } from '../helpers/helper.ts';
import type { RunHelper } from '../helpers/process.ts';
import { helperKeys, isWholeRegistry } from '../keys.ts';
import type { Credential, CredentialSource, SourceResult } from '../types.ts';

export interface FileSourceOptions {
  readonly run: RunHelper;
  readonly warn: (text: string) => void;
  /** Remembers helpers' answers: one call per host, for any number of repositories. */
  readonly lookupOnce: (
    key: string,
    ask: (signal: AbortSignal) => Promise<Credential | undefined>,
    options?: CallOptions,
  ) => Promise<Credential | undefined>;
}

/** Reads a file of logins in its format. @throws AppError CONFIG_INVALID, IO */
export function loadAuthFile(
  file: AuthFile,
  options: { readonly warn: (text: string) => void; readonly required?: boolean },
): Promise<LoadedDockerConfig> {
  return loadDockerConfig(file.path, {
    ...options,
    bareAuths: file.format === 'dockercfg',
    deniedIsMissing: file.shared,
  });
}

/** Answers from a file of logins: its helper for the host, else its own entries. Read once. */
export function fileSource(file: AuthFile, options: FileSourceOptions): CredentialSource {
  let loaded: Promise<LoadedDockerConfig> | undefined;
  return {
    name: file.path,
    async get(host, repository, call) {
      loaded ??= loadAuthFile(file, { warn: options.warn, required: file.named });
      const config = await loaded;
      if (config.missing) return missingFile(file);
      const helper = helperFor(config, host, options.run);
      const held = helper && (await askHelper(helper, file, host, options, call));
      if (held !== undefined) return { credential: held, detail: `by ${held.origin}` };
      const found = findEntry(config.auths, host, repository, file.format);
      if (found !== undefined) return entryAnswer(found, file);
      return {
        detail: helper === undefined ? 'no login of it' : `none in ${helper.program} either`,
      };
    },
  };
}

async function askHelper(
  helper: CredentialHelper,
  file: AuthFile,
  host: string,
  options: FileSourceOptions,
  call: CallOptions | undefined,
): Promise<Credential | undefined> {
  const ask = async (signal: AbortSignal): Promise<Credential | undefined> => {
    for (const key of helperKeys(host, file.format)) {
      const held = await helper.get(key, { signal });
      if (held !== undefined) return held;
    }
    return undefined;
  };
  return options.lookupOnce(`${host} ${file.path}`, ask, call);
}

/** The origin names the key of a namespace, whose login differs from the registry's own. */
function entryAnswer(found: AuthFileEntry, file: AuthFile): SourceResult {
  const key = JSON.stringify(found.key);
  const origin = isWholeRegistry(found.key) ? file.path : `${file.path} (${key})`;
  return { credential: credentialFromEntry(found, origin), detail: `by auths[${key}]` };
}

/** containers/image warns too: without the directory, logins of Podman and skopeo are not found. */
function missingFile({ runtimeDir }: AuthFile): SourceResult {
  if (runtimeDir === undefined || existsSync(runtimeDir)) return { detail: 'no such file' };
  const detail = `the directory ${runtimeDir} named by XDG_RUNTIME_DIR does not exist`;
  return { detail, warning: `${detail}; create it or unset the variable` };
}
