import type { ContainersHelpersOptions } from './options.ts';
import type { AuthFile } from '../../config/containers/auth-files.ts';
import type { CallOptions } from '../../util/abort.ts';
import { createHelper, type CredentialHelper } from '../helpers/helper.ts';
import type { RunHelper } from '../helpers/process.ts';
import type { FileSourceOptions } from './auth-file.ts';
import { helperKeys } from '../keys.ts';
import type { Credential, CredentialSource } from '../types.ts';

/** The name of the files of logins in the list. */
const FILES = 'containers-auth.json';
const NAMED_BY = 'credential-helpers in registries.conf';

/** Helpers for every registry (containers-registries.conf(5)), before and after the files. */
export interface ContainersHelpers {
  readonly before: readonly CredentialHelper[];
  /** False: the list omits the files, so they are not read, as in containers' tools. */
  readonly includesFiles: boolean;
  readonly after: readonly CredentialHelper[];
}

/**
 * Files that the user names by option or variable outrank the list: nothing else is then asked.
 * @throws AppError CONFIG_INVALID for a name that is not a plain suffix
 */
export function containersHelpers(
  { credentialHelpers, configDir }: ContainersHelpersOptions,
  files: readonly AuthFile[],
  run: RunHelper,
): ContainersHelpers {
  const named = configDir !== undefined || files.some((file) => file.named);
  const given = named ? [] : (credentialHelpers?.() ?? []);
  const list = given.length === 0 ? [FILES] : given;
  const at = list.indexOf(FILES);
  const make = (names: readonly string[]): CredentialHelper[] =>
    names
      .filter((suffix) => suffix !== FILES)
      .map((suffix) => createHelper({ suffix, namedBy: NAMED_BY, run }));
  return {
    before: make(at === -1 ? list : list.slice(0, at)),
    includesFiles: at !== -1,
    after: make(at === -1 ? [] : list.slice(at)),
  };
}

/** A helper that is asked for every registry. */
export function helperSource(
  helper: CredentialHelper,
  lookupOnce: FileSourceOptions['lookupOnce'],
): CredentialSource {
  const ask = async (host: string, signal: AbortSignal): Promise<Credential | undefined> => {
    for (const key of containersKeys(host)) {
      const held = await helper.get(key, { signal });
      if (held !== undefined) return held;
    }
    return undefined;
  };
  return {
    name: helper.program,
    async get(host, _repository, call?: CallOptions) {
      const key = `${host} ${helper.program}`;
      const credential = await lookupOnce(key, (signal) => ask(host, signal), call);
      return { credential, detail: `${credential === undefined ? 'none ' : ''}by ${NAMED_BY}` };
    },
  };
}

/** Keys of such a helper, best first, as containers' tools name them. */
export function containersKeys(host: string): readonly string[] {
  return helperKeys(host, 'containers');
}
