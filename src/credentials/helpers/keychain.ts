import { errnoOf } from '../../util/errno.ts';
import { setTimeout as delay } from 'node:timers/promises';
import type keytarPackage from 'keytar';
import { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';

/** Secrets of one service in the keychain of the operating system, by account. */
export interface Keychain {
  get(account: string): Promise<string | undefined>;
  set(account: string, secret: string): Promise<void>;
  /** False when there was none. */
  remove(account: string): Promise<boolean>;
  list(): Promise<readonly { readonly account: string; readonly secret: string }[]>;
}

type Keytar = typeof keytarPackage;

export interface KeychainOptions {
  /** The name under which the entries are kept and shown. */
  readonly service: string;
  /** Node's name of the system: "linux", "darwin", "win32". */
  readonly os: string;
  /** Milliseconds for one call; default 50 000, as a person may be asked to unlock. */
  readonly timeoutMs?: number | undefined;
  /** Default: the package keytar. */
  readonly load?: (() => Promise<Keytar>) | undefined;
}

const TIMEOUT_MS = 50_000;

/**
 * The keychain: libsecret on Linux, Keychain on macOS, Credential Manager on Windows. Its calls
 * cannot be cancelled; one that is given up goes on until the process ends.
 * @throws AppError CREDENTIAL_HELPER when keytar is missing; so do the calls that fail
 */
export async function openKeychain(options: KeychainOptions): Promise<Keychain> {
  const { service } = options;
  const keytar = await loadKeytar(options);
  const ask = <T>(call: () => Promise<T>): Promise<T> => guarded(call, options);
  return {
    get: async (account) => (await ask(() => keytar.getPassword(service, account))) ?? undefined,
    set: (account, secret) => ask(() => keytar.setPassword(service, account, secret)),
    remove: (account) => ask(() => keytar.deletePassword(service, account)),
    async list() {
      const found = await ask(() => keytar.findCredentials(service));
      return found.map(({ account, password }) => ({ account, secret: password }));
    },
  };
}

async function loadKeytar({ load = importKeytar, os }: KeychainOptions): Promise<Keytar> {
  try {
    return await load();
  } catch (error) {
    const code = errnoOf(error);
    const what = LOAD_FAILURES[code ?? ''] ?? `keytar cannot be loaded: ${firstLine(error)}`;
    const cure = INSTALL_HINTS[os] ?? 'run: npm install -g keytar';
    throw new AppError('CREDENTIAL_HELPER', what, { hint: cure, cause: error });
  }
}

async function importKeytar(): Promise<Keytar> {
  return (await import('keytar')).default;
}

const LOAD_FAILURES: Readonly<Record<string, string>> = {
  ERR_MODULE_NOT_FOUND: 'the optional package keytar is not installed',
  MODULE_NOT_FOUND: 'the package keytar was installed without its native part',
  ERR_DLOPEN_FAILED:
    'the native part of keytar does not run here: a library such as libsecret is missing',
};

const INSTALL_HINTS: Readonly<Record<string, string>> = {
  linux:
    'run: apt-get install libsecret-1-0 (dnf install libsecret), then: npm install -g keytar; where it must be compiled, libsecret-1-dev, g++, make and python3 too',
};

async function guarded<T>(call: () => Promise<T>, options: KeychainOptions): Promise<T> {
  const ms = options.timeoutMs ?? TIMEOUT_MS;
  const timer = new AbortController();
  const late = delay(ms, undefined, { signal: timer.signal }).then((): never => {
    throw new AppError('CREDENTIAL_HELPER', `the keychain gave no answer within ${ms / 1000} s`, {
      hint: unlockHint(options),
    });
  });
  // Only its timeout counts: it is aborted when the answer is there.
  late.catch(() => undefined);
  try {
    return await Promise.race([call(), late]);
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError('CREDENTIAL_HELPER', `the keychain failed: ${firstLine(error)}`, {
      hint: unlockHint(options),
      cause: error,
    });
  } finally {
    timer.abort();
  }
}

const UNLOCK_HINTS: Readonly<Record<string, string>> = {
  linux:
    'start a keychain (gnome-keyring-daemon, KWallet, KeePassXC) in a D-Bus session and unlock it, or name another helper than "regctl"',
  darwin: 'unlock it: security unlock-keychain',
};

function unlockHint({ os }: KeychainOptions): string {
  return UNLOCK_HINTS[os] ?? 'unlock it, or name another helper than "regctl"';
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return sanitize(text.split('\n', 1)[0] ?? '').slice(0, 200);
}
