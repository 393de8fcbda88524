import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '../../errors/app-error.ts';
import { firstLine, keychainError, NoKeychain, unlockHint } from './keychain-errors.ts';
import {
  installed,
  joinedKeychains,
  keyringEntries,
  keytarEntries,
  type Keychain,
  type Keyring,
  type Keytar,
} from './keychain-packages.ts';

export interface KeychainOptions {
  /** The name under which the entries are kept and shown. */
  readonly service: string;
  /** Node's name of the system: "linux", "darwin", "win32". */
  readonly os: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds for one call; default 50 000, because a person may have to unlock it. */
  readonly timeoutMs?: number | undefined;
  /** Default: the package @napi-rs/keyring. */
  readonly loadKeyring?: (() => Promise<Keyring>) | undefined;
  /** Default: the package keytar. */
  readonly loadKeytar?: (() => Promise<Keytar>) | undefined;
}

const TIMEOUT_MS = 50_000;

/**
 * Opens the keychain: the Secret Service on Linux, Keychain on macOS, Credential Manager on
 * Windows. Its calls cannot be canceled: after a timeout, a call continues until the process ends.
 * @throws AppError CREDENTIAL_HELPER if no package for it is installed, NoKeychain; its functions
 * throw the same
 */
export async function openKeychain(options: KeychainOptions): Promise<Keychain> {
  if (options.os === 'linux' && !hasSessionBus(options.env)) {
    throw new NoKeychain('no D-Bus session');
  }
  const keychain = await loadKeychain(options);
  const ask = <T>(call: () => Promise<T>): Promise<T> => guarded(call, options);
  return {
    get: (account) => ask(() => keychain.get(account)),
    set: (account, secret) => ask(() => keychain.set(account, secret)),
    remove: (account) => ask(() => keychain.remove(account)),
    list: () => ask(() => keychain.list()),
  };
}

/** D-Bus Specification, "Well-known message bus instances", and systemd's user bus. */
function hasSessionBus(env: KeychainOptions['env']): boolean {
  const { DBUS_SESSION_BUS_ADDRESS = '', XDG_RUNTIME_DIR = '' } = env;
  if (DBUS_SESSION_BUS_ADDRESS !== '') return true;
  return XDG_RUNTIME_DIR !== '' && existsSync(join(XDG_RUNTIME_DIR, 'bus'));
}

async function loadKeychain(options: KeychainOptions): Promise<Keychain> {
  const { service, os } = options;
  const keyring = await installed(options.loadKeyring ?? importKeyring).catch((error: unknown) => {
    const what = `the package @napi-rs/keyring cannot be loaded: ${firstLine(error)}`;
    throw keychainError(what, INSTALL_HINT, error);
  });
  // On macOS the two packages share their entries.
  const asksKeytar = os !== 'darwin' || keyring === undefined;
  const keytar = asksKeytar
    ? await installed(options.loadKeytar ?? importKeytar).catch(() => undefined)
    : undefined;
  const [first, ...others] = [
    ...(keyring === undefined ? [] : [keyringEntries(keyring, service, os)]),
    ...(keytar === undefined ? [] : [keytarEntries(keytar, service)]),
  ];
  if (first !== undefined) return joinedKeychains(first, ...others);
  throw keychainError('the optional package @napi-rs/keyring is not installed', INSTALL_HINT);
}

async function importKeyring(): Promise<Keyring> {
  return import('@napi-rs/keyring');
}

async function importKeytar(): Promise<Keytar> {
  return (await import('keytar')).default;
}

const INSTALL_HINT =
  'install regctl again without --omit=optional, or name another helper than "regctl"';

async function guarded<T>(call: () => Promise<T>, options: KeychainOptions): Promise<T> {
  const { os, timeoutMs: ms = TIMEOUT_MS } = options;
  const timer = new AbortController();
  const late = delay(ms, undefined, { signal: timer.signal }).then((): never => {
    throw keychainError(`the keychain gave no answer within ${ms / 1000} s`, unlockHint(os));
  });
  // The abort below rejects it too; only its timeout counts.
  late.catch(() => undefined);
  try {
    return await Promise.race([call(), late]);
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw keychainError(`the keychain failed: ${firstLine(error)}`, unlockHint(os), error);
  } finally {
    timer.abort();
  }
}
