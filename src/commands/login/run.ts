import type { Login } from '../../credentials/types.ts';
import { fillTemplate, knownRegistry, loginCommand } from '../../config/registries/lookup.ts';
import { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';
import type { CallOptions } from '../../util/abort.ts';
import { formatLoginTarget, type LoginTarget } from '../../credentials/keys.ts';
import { parseLoginTarget } from '../input/login-target.ts';
import { readFlag, readText, rejectTogether } from '../input/read.ts';
import type { Context } from '../context.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';

type LoginContext = Pick<
  Context,
  'credentials' | 'logins' | 'note' | 'registryForLogin' | 'terminal' | 'trustRealm' | 'warn'
>;

/** Maximum size of a password; tokens of cloud registries have a few thousand bytes. */
const MAX_PASSWORD_BYTES = 64 * 1024;

/**
 * Checks a login with the registry and stores it if it is accepted.
 * @throws AppError UNAUTHORIZED, REALM_UNTRUSTED, USAGE, CREDENTIAL_HELPER
 */
export async function run(
  context: LoginContext,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const target = parseLoginTarget(input.args[0]);
  const { host: registry } = target;
  const name = formatLoginTarget(target);
  if (readFlag(input, 'getLogin')) return getLogin(context, target, options);

  const login = await askLogin(context, input, registry, options);
  await tryLogin(context, registry, login, options);
  const { storedIn, plainText, supplied } = await context.logins.save(name, login, options);
  if (plainText) {
    context.warn(
      `the password is stored unencrypted in ${storedIn}; a credential helper (credsStore) would keep it safe`,
    );
  }
  context.note(
    supplied === true
      ? `${name}: ${storedIn} supplies the login itself; nothing was stored`
      : `${name}: ${login.username} is stored in ${storedIn}`,
  );
  return {
    kind: 'value',
    json: { Registry: name, Username: login.username, Place: storedIn, PlainText: plainText },
    text: () => 'Login Succeeded!',
  };
}

async function getLogin(
  context: LoginContext,
  target: LoginTarget,
  options: CallOptions,
): Promise<Result> {
  const chain = await context.credentials('single');
  const credential = await chain.lookup(target.host, target.namespace, options);
  const username =
    credential === undefined || credential.kind === 'registry-token'
      ? undefined
      : credential.username;
  if (username === undefined) {
    const reason = credential === undefined ? 'no login' : `no username in ${credential.origin}`;
    const name = formatLoginTarget(target);
    throw new AppError('UNAUTHORIZED', `not logged in to ${name}: there is ${reason}`, {
      hint: `Log in: regctl login ${name}`,
    });
  }
  return {
    kind: 'value',
    json: { Registry: formatLoginTarget(target), Username: username },
    text: () => sanitize(username),
  };
}

/** Reads the login from options, standard input or a prompt. @throws AppError USAGE */
async function askLogin(
  context: LoginContext,
  input: Input,
  registry: string,
  options: CallOptions,
): Promise<Login> {
  const { terminal } = context;
  const known = knownRegistry(registry);
  const flag = readText(input, 'password');
  const fromStdin = readFlag(input, 'passwordStdin');
  rejectTogether({ '--password': flag !== undefined, '--password-stdin': fromStdin });
  if (flag !== undefined) {
    context.warn(
      '--password shows the password to other users of this machine; use --password-stdin',
    );
  }
  const given = readText(input, 'username');
  if (!terminal.interactive && (given === undefined || (flag === undefined && !fromStdin))) {
    throw new AppError('USAGE', 'there is no terminal to ask for a username and a password', {
      hint: `Pass -u NAME and --password-stdin${scriptedLoginHint(registry)}.`,
    });
  }
  if (fromStdin && given === undefined) {
    throw new AppError('USAGE', '--password-stdin needs a username', {
      hint: `Pass -u NAME${scriptedLoginHint(registry)}.`,
    });
  }
  if (given === undefined && known?.account !== undefined) {
    context.note(`${known.name}: ${fillTemplate(known.account, { registry })}`);
  }
  const username = given ?? (await terminal.prompt('Username:', options)).trim();
  if (username === '') throw new AppError('USAGE', 'the username is empty');
  const password =
    flag ??
    (fromStdin
      ? (await terminal.readStdin(MAX_PASSWORD_BYTES, options)).replace(/\r?\n$/u, '')
      : await terminal.prompt('Password:', { ...options, hidden: true }));
  if (password === '') throw new AppError('USAGE', 'the password is empty');
  return { username, password };
}

/** The complete command, for a registry that requires a special username. */
function scriptedLoginHint(registry: string): string {
  const command = loginCommand({ registry });
  return command.includes(' -u ') ? `: \`${command}\`` : '';
}

async function tryLogin(
  context: LoginContext,
  registry: string,
  login: Login,
  options: CallOptions,
): Promise<void> {
  const ping = async (): Promise<void> =>
    (await context.registryForLogin(login)).ping(registry, options);
  try {
    await ping();
  } catch (error) {
    if (!(await askToTrust(context, registry, error, options))) throw error;
    await ping();
  }
}

/** Asks the user whether to trust a token server that is not known to belong to the registry. */
async function askToTrust(
  context: LoginContext,
  registry: string,
  error: unknown,
  options: CallOptions,
): Promise<boolean> {
  if (!(error instanceof AppError) || error.code !== 'REALM_UNTRUSTED') return false;
  const realm = error.details?.['realm'];
  if (!context.terminal.interactive || typeof realm !== 'string') return false;
  const question = `The registry ${registry} sends you to ${sanitize(realm)} for tokens. Send your password there?`;
  if (!(await context.terminal.confirm(question, options))) return false;
  await context.trustRealm(registry, realm);
  return true;
}
