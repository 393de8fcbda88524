import type * as keyringPackage from '@napi-rs/keyring';
import type keytarPackage from 'keytar';
import { errnoOf } from '../../util/errno.ts';
import { firstLine, keychainError, NoKeychain } from './keychain-errors.ts';

/** Secrets of one service in the keychain of the operating system, by account. */
export interface Keychain {
  get(account: string): Promise<string | undefined>;
  set(account: string, secret: string): Promise<void>;
  /** Returns false if there was none. */
  remove(account: string): Promise<boolean>;
  list(): Promise<readonly { readonly account: string; readonly secret: string }[]>;
}

export type Keyring = Pick<typeof keyringPackage, 'AsyncEntry' | 'findCredentialsAsync'>;
export type Keytar = typeof keytarPackage;

/**
 * On Linux never the kernel's keyring, the package's fallback: a restart of the machine empties it.
 */
const SECRET_SERVICE = { linux: { store: 'secret-service' } } as const;
/** CRED_MAX_CREDENTIAL_BLOB_SIZE of Windows; the package stores UTF-16. */
const MAX_WINDOWS_BYTES = 2560;
/**
 * How libdbus and zbus report that there is no bus, or that no service on it owns
 * org.freedesktop.secrets or can be started for it. A service that does not answer exists.
 */
const NO_SECRET_SERVICE =
  /not provided by any \.service files|\bServiceUnknown\b|\bautolaunch\b|\bFailed to connect to\b/u;

/** The entries of @napi-rs/keyring. */
export function keyringEntries(keyring: Keyring, service: string, os: string): Keychain {
  const entry = (account: string): InstanceType<Keyring['AsyncEntry']> =>
    new keyring.AsyncEntry(service, account, SECRET_SERVICE);
  const ask = async <T>(call: () => Promise<T>): Promise<T> => {
    try {
      return await call();
    } catch (error) {
      const text = firstLine(error);
      if (os !== 'linux' || !NO_SECRET_SERVICE.test(text)) throw error;
      throw new NoKeychain(text, error);
    }
  };
  return {
    get: (account) => ask(async () => (await entry(account).getPassword()) ?? undefined),
    async set(account, secret) {
      const bytes = Buffer.byteLength(secret, 'utf16le');
      if (os === 'win32' && bytes > MAX_WINDOWS_BYTES) throw tooLong(bytes);
      await ask(() => entry(account).setPassword(secret));
    },
    remove: (account) => ask(() => entry(account).deletePassword()),
    list: () => ask(async () => (await keyring.findCredentialsAsync(service)).map(toEntry)),
  };
}

/** The entries of keytar (regctl 0.1), whose attributes differ from those of @napi-rs/keyring. */
export function keytarEntries(keytar: Keytar, service: string): Keychain {
  return {
    get: async (account) => (await keytar.getPassword(service, account)) ?? undefined,
    set: (account, secret) => keytar.setPassword(service, account, secret),
    remove: (account) => keytar.deletePassword(service, account),
    list: async () => (await keytar.findCredentials(service)).map(toEntry),
  };
}

/** Writes to the first keychain, reads from and erases in all. */
export function joinedKeychains(first: Keychain, ...others: readonly Keychain[]): Keychain {
  const all = [first, ...others];
  return {
    async get(account) {
      for (const one of all) {
        const secret = await one.get(account);
        if (secret !== undefined) return secret;
      }
      return undefined;
    },
    async set(account, secret) {
      await first.set(account, secret);
      for (const one of others) await one.remove(account);
    },
    async remove(account) {
      let removed = false;
      for (const one of all) removed = (await one.remove(account)) || removed;
      return removed;
    },
    async list() {
      const found = new Map<string, string>();
      for (const one of all) {
        for (const { account, secret } of await one.list()) {
          if (!found.has(account)) found.set(account, secret);
        }
      }
      return [...found].map(([account, secret]) => ({ account, secret }));
    },
  };
}

/** Loads a package; undefined: not installed. @throws why an installed one cannot be loaded */
export async function installed<T>(load: () => Promise<T>): Promise<T | undefined> {
  try {
    return await load();
  } catch (error) {
    if (errnoOf(error) === 'ERR_MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

function toEntry({ account, password }: { account: string; password: string }): {
  account: string;
  secret: string;
} {
  return { account, secret: password };
}

function tooLong(bytes: number): Error {
  const limit = MAX_WINDOWS_BYTES / 2;
  return keychainError(
    `Windows keeps at most ${limit} characters in one entry, and this login has ${bytes / 2}`,
    'Use a shorter token, or a file: regctl login --authfile FILE',
  );
}
