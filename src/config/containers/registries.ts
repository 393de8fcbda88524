import { readRegistriesFiles, type RegistriesFile } from './registries-files.ts';
import type { RegistriesOptions, Registries } from './types.ts';

/**
 * Reads the files. If they contain no settings, the parser is not loaded.
 * @throws AppError CONFIG_INVALID, IO
 * @example
 * import { homedir, platform } from 'node:os';
 * import { loadRegistries } from '@regctl/cli/registry';
 *
 * const registries = await loadRegistries({
 *   env: process.env,
 *   home: homedir(),
 *   os: platform(),
 *   warn: console.warn,
 * });
 * console.log(registries.route({ registry: 'docker.io', repository: 'library/alpine' }).mirrors);
 */
export async function loadRegistries(options: RegistriesOptions): Promise<Registries> {
  const { daemonConfig } = options;
  const files = await readRegistriesFiles(options);
  const paths = files.map((file) => file.path);
  const parsed = filesWithSettings(files);
  if (parsed.length === 0 && daemonConfig === undefined) return emptyRegistries(paths);
  const { mergeRegistries } = await import('./merge.ts');
  const all = daemonConfig === undefined ? paths : [...paths, daemonConfig];
  return mergeRegistries({ ...options, parsed, files: all });
}

/** Registries without settings: each name is used as written. */
export function emptyRegistries(files: readonly string[]): Registries {
  return {
    files,
    hasNoSettings: true,
    route: ({ registry, repository }) => ({ primary: { registry, repository }, mirrors: [] }),
    expand: (text) => text,
    insecureMode: () => undefined,
    isInsecureAddress: undefined,
    credentialHelpers: undefined,
  };
}

/**
 * The distributions' list of aliases is long, and each command would parse it. It is needed only
 * if a file names search registries.
 */
function filesWithSettings(files: readonly RegistriesFile[]): readonly RegistriesFile[] {
  const speaking = files.filter((file) => settingLines(file).length > 0);
  const searches = speaking.some(({ text }) => text.includes('unqualified-search-registries'));
  return searches ? speaking : speaking.filter((file) => !hasOnlyAliases(file));
}

/** Lines that are neither empty nor a comment. */
function settingLines({ text }: RegistriesFile): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

function hasOnlyAliases(file: RegistriesFile): boolean {
  const lines = settingLines(file);
  const tables = lines.filter((line) => line.startsWith('['));
  return tables.length === 1 && lines[0]?.startsWith('[aliases]') === true;
}
