import type { AuthFile } from '../../config/containers/auth-files.ts';
import { updatePrivateFile } from '../../config/files/private.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Temporaries } from '../../util/temporaries.ts';
import type { RunHelper } from '../helpers/process.ts';
import type { ContainersHelpers } from '../sources/containers-helpers.ts';

/** The files that may hold logins, in lookup order, and how to run their helpers. */
export interface LoginSources {
  readonly files: readonly AuthFile[];
  readonly run: RunHelper;
  /** Those that registries.conf names. */
  readonly containersHelpers: () => ContainersHelpers;
  readonly warn: (text: string) => void;
  readonly temporaries?: (() => Promise<Temporaries>) | undefined;
}

/** Replaces the text of a file of logins under its lock. */
export async function updateLogins(
  { temporaries }: LoginSources,
  { path }: AuthFile,
  change: (text: string | undefined) => string | undefined,
  { signal }: CallOptions,
): Promise<void> {
  await updatePrivateFile(path, change, { signal, temporaries: await temporaries?.() });
}
