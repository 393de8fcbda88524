import { fillTemplate, loginCommand, type AdviceSubject } from '../../config/registries/lookup.ts';
import type { KnownRegistry } from '../../config/registries/table.ts';
import { AUTH_VARIABLE } from '../../credentials/sources/variable.ts';

/** `Credential.origin` of the login that `regctl login` tries before it stores it. */
export const LOGIN_IN_PROGRESS = 'this login';

export const WRONG_VARIABLE = `Correct ${AUTH_VARIABLE}, or unset it to use a stored login.`;

/** What to do about a rejected login, depending on its source. */
export function rejectedLoginHint(
  origin: string | undefined,
  subject: AdviceSubject,
  row?: KnownRegistry,
): string {
  if (origin === LOGIN_IN_PROGRESS) {
    const { account } = row ?? {};
    return `Check the username and the password or token.${account === undefined ? '' : ` ${fillTemplate(account, subject)}`}`;
  }
  if (origin === AUTH_VARIABLE) return WRONG_VARIABLE;
  if (origin?.startsWith('--') === true) {
    return `Check ${origin}. If the image is public, use --no-creds instead.`;
  }
  return `If the image is public, add --no-creds. Otherwise log in again: ${loginCommand(subject, row)}`;
}
