import { tmpdir } from 'node:os';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { homeFolder } from '../../config/files/home.ts';
import { hostPlatform, parsePlatform, type Platform } from '../../oci/platform.ts';
import type { ClientSettings, Machine } from '../types.ts';
import type { ClientOptions } from './types.ts';

const HELPER = 'docker-credential-regctl';
const PROGRAM = fileURLToPath(new URL('../../../bin/regctl.js', import.meta.url));

/** The command line's defaults for what a client is not told. */
export const DEFAULT_CONCURRENCY = 6;
const DEFAULT_RETRY_TIMES = 5;

/** The facts of this process, each replaced by what the options give. */
export function machineOf({ machine }: ClientOptions): Machine {
  return {
    env: process.env,
    home: homeFolder(process),
    os: process.platform,
    uid: process.geteuid?.(),
    now: () => new Date(),
    processes: async () => (await import('../processes.ts')).createProcessNames(process),
    bundledHelpers: { [HELPER]: [process.execPath, PROGRAM, HELPER] },
    ...machine,
  };
}

export function settingsOf({ settings }: ClientOptions): ClientSettings {
  return { allowRealm: [], retryTimes: DEFAULT_RETRY_TIMES, ...settings };
}

export function platformOf({ platform }: ClientOptions): Platform {
  if (platform === undefined) return hostPlatform(process);
  return typeof platform === 'string' ? parsePlatform(platform) : platform;
}

export const tempDirOf = ({ tempDir }: ClientOptions): string => tempDir ?? tmpdir();
