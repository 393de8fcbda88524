import type { Reference } from '../../reference/types.ts';
import {
  readRegistriesFiles,
  type RegistriesFile,
  type RegistriesFilesOptions,
} from './registries-files.ts';
import type { InsecureMode, Route } from './types.ts';

export interface RegistriesOptions extends RegistriesFilesOptions {
  /** `--daemon-config`; Docker's file is read only when it is named. */
  readonly daemonConfig?: string | undefined;
  readonly warn: (text: string) => void;
}

/** What the machine's files say about names, blocks, mirrors and TLS of registries. */
export interface Registries {
  /** The files that exist, in order; those that say nothing of use too. */
  readonly files: readonly string[];
  /** True when every name is where it says. */
  readonly hasNoSettings: boolean;
  /**
   * Where the repository of a logical name is read and written; without a repository the registry
   * as a whole. `suffix`: ":tag", "@digest" or both. @throws AppError REGISTRY_BLOCKED, UNSUPPORTED
   */
  route(name: Omit<Reference, 'tag' | 'digest'>, suffix?: string): Route;
  /** A bare name in full, where the files ask for it. @throws AppError INVALID_REFERENCE */
  expand(text: string): string;
  /** What the files say about TLS of a host, as it is dialled. */
  insecureMode(host: string): InsecureMode | undefined;
  /** The same by address ("10.1.2.3"), where Docker's file names networks. */
  readonly isInsecureAddress: ((address: string) => boolean) | undefined;
  /** `credential-helpers` of registries.conf. */
  readonly credentialHelpers: readonly string[] | undefined;
}

/**
 * Reads the files at once. A command on a machine whose files say nothing pays for looking alone.
 * @throws AppError CONFIG_INVALID, IO
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

/** Of a machine whose files say nothing: every name is where it says. */
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
 * The distributions' list of aliases is long and every command would parse it; it is of use only
 * beside a file that names search registries.
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
