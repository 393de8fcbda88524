import { authFiles } from '../../config/containers/auth-files.ts';
import { createHelperRunner } from '../helpers/process.ts';
import { formatLoginTarget, splitLoginTarget, type LoginTarget } from '../keys.ts';
import { containersHelpers, type ContainersHelpers } from '../sources/containers-helpers.ts';
import type { CredentialSourcesOptions } from '../sources/options.ts';
import { AUTH_VARIABLE, variableAnswers } from '../sources/variable.ts';
import type { LoginStore } from '../types.ts';
import type { LoginSources } from './files.ts';
import { listLogins } from './list.ts';
import { forgetLogin } from './remove.ts';
import { saveLogin } from './save.ts';

/**
 * Stores logins where Docker's and containers' tools read them. A new login replaces the one that a
 * lookup finds first, so that the new one is used; if there is none, it goes to Docker's file, or
 * for a namespace to the first containers-auth.json(5). A helper that fails is an error: the
 * password never goes to the file instead (CVE-2021-41092), unless regctl's own helper reports that
 * the system has no keychain, which causes a warning.
 * Its functions throw AppError CREDENTIAL_HELPER, CONFIG_INVALID, IO, NO_SPACE, UNSUPPORTED, and
 * USAGE for a username that cannot be stored.
 */
export function createLoginStore(options: CredentialSourcesOptions): LoginStore {
  const files = authFiles(options);
  const run =
    options.runHelper ??
    createHelperRunner({
      env: options.env,
      bundled: options.bundledHelpers,
      beginWait: options.beginWait,
    });
  const listed = (): ContainersHelpers => containersHelpers(options, files, run);
  const { warn, temporaries } = options;
  const sources: LoginSources = { files, run, containersHelpers: listed, warn, temporaries };
  const said = (target: LoginTarget, what: string): void => {
    if (!files.some((file) => file.named) && variableAnswers(options.env, target))
      warn(`${AUTH_VARIABLE} has a login for ${formatLoginTarget(target)}, which ${what}`);
  };
  return {
    async save(text, login, call) {
      const target = splitLoginTarget(text);
      const saved = await saveLogin(sources, target, login, call);
      said(target, 'is used instead of the stored one; unset it to use that');
      return saved;
    },
    async remove(text, call) {
      const target = splitLoginTarget(text);
      const removed = await forgetLogin(sources, target, call);
      said(target, 'stays; unset it to log out');
      return removed;
    },
    list: (call) => listLogins(sources, call),
  };
}
