import { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';

/** The answer of the helper if the system has no keychain: a login can then go to a file. */
export const NO_KEYCHAIN = 'there is no keychain here';

export function keychainError(message: string, hint: string, cause?: unknown): AppError {
  return new AppError('CREDENTIAL_HELPER', message, { hint, cause });
}

/** There is no keychain at all; a locked or failing one is a different error. */
export class NoKeychain extends AppError {
  constructor(reason: string, cause?: unknown) {
    super('CREDENTIAL_HELPER', `${NO_KEYCHAIN}: ${reason}`, { hint: START_HINT, cause });
  }
}

const START_HINT =
  'start a keychain (gnome-keyring-daemon, KWallet, KeePassXC) in a D-Bus session and unlock it, or name another helper than "regctl"';

const UNLOCK_HINTS: Readonly<Record<string, string>> = {
  linux: 'unlock it, or name another helper than "regctl"',
  darwin: 'unlock it: security unlock-keychain',
};

export function unlockHint(os: string): string {
  return UNLOCK_HINTS[os] ?? 'unlock it, or name another helper than "regctl"';
}

export function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return sanitize(text.split('\n', 1)[0] ?? '').slice(0, 200);
}
