import { AppError } from '../../errors/app-error.ts';
import { secretRedactor } from '../../errors/redact-secrets.ts';
import { sanitize } from '../../errors/sanitize.ts';
import { isJsonObject, parseJsonFile, type JsonObject } from '../../config/files/json.ts';
import { getIgnoringCase } from '../../config/docker/config-json.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { HelperAction, HelperResult, RunHelper } from './process.ts';
import { isSafeServerKey } from '../keys.ts';
import { NO_KEYCHAIN } from './keychain-errors.ts';
import type { Credential, Login } from '../types.ts';

/**
 * "answers-only": the helper creates its logins and stores none. "no-keychain": regctl's own helper
 * on a system without a keychain.
 */
export type StoreOutcome = 'stored' | 'answers-only' | 'no-keychain';

/** One credential helper; docker/docker-credential-helpers defines the protocol. */
export interface CredentialHelper {
  /** "docker-credential-pass" */
  readonly program: string;
  get(key: string, options?: CallOptions): Promise<Credential | undefined>;
  store(key: string, login: Login, options?: CallOptions): Promise<StoreOutcome>;
  /** Returns false if the helper has nothing under that key, or stores nothing. */
  erase(key: string, options?: CallOptions): Promise<boolean>;
  /** Server key → username. */
  list(options?: CallOptions): Promise<ReadonlyMap<string, string>>;
}

export interface HelperSpec {
  /** Suffix as configured: "pass" for docker-credential-pass. */
  readonly suffix: string;
  /** The setting that names it, for messages: "credsStore in /root/.docker/config.json". */
  readonly namedBy: string;
  readonly run: RunHelper;
}

/** The helper does not implement this action. */
const ANSWERS_ONLY = Symbol('answers only');
/** There is no keychain, and therefore no entry. */
const ABSENT = Symbol('no keychain');
/** What a helper prints when it has no entry; any other failure is an error. */
const NOT_FOUND = 'credentials not found in native keychain';
/** The username with which a helper marks an identity token. */
const TOKEN_USER = '<token>';
const MAX_QUOTED = 400;
/**
 * Helpers that guard no secret: they create short-lived logins from a cloud login that is stored in
 * files or comes from the machine. Any other helper counts as a keychain; see docs/reference/cache.md.
 */
const CLOUD_HELPERS: ReadonlySet<string> = new Set(['ecr-login', 'gcloud', 'gcr', 'acr-env']);

/** @throws AppError CONFIG_INVALID for a suffix that could be more than part of a file name */
export function createHelper(spec: HelperSpec): CredentialHelper {
  if (!/^[A-Za-z0-9._-]+$/u.test(spec.suffix)) {
    throw new AppError(
      'CONFIG_INVALID',
      `invalid credential helper ${JSON.stringify(sanitize(spec.suffix))}: ${spec.namedBy}`,
      {
        hint: 'Write only the part after "docker-credential-": letters, digits, ".", "_" and "-".',
      },
    );
  }
  const program = `docker-credential-${spec.suffix}`;
  const call = async (
    action: HelperAction,
    stdin: string,
    options: CallOptions = {},
    secret = '',
  ): Promise<string | typeof ANSWERS_ONLY | typeof ABSENT | undefined> => {
    const outcome = await spec.run({ program, action, stdin }, options);
    if (outcome === undefined) throw missing(program, spec);
    if (outcome.status === 0) return outcome.stdout;
    if (isNotFound(outcome.stdout) || isNotFound(outcome.stderr)) return undefined;
    if (isAnswerOnly(action, outcome)) return ANSWERS_ONLY;
    if (outcome.stdout.startsWith(NO_KEYCHAIN)) return ABSENT;
    const said = quote(`${withoutAnswer(outcome.stdout)}\n${outcome.stderr}`, secret);
    const ended =
      outcome.status === undefined ? 'was killed' : `failed with status ${outcome.status}`;
    throw broken(program, spec, `${action} ${ended}${said === '' ? '' : `: ${said}`}`);
  };

  return {
    program,
    async get(key, options) {
      checkKey(key, program);
      const answer = await call('get', key, options);
      if (typeof answer !== 'string') return undefined;
      return credentialFrom(parseAnswer(answer, program, spec, 'get'), program, spec);
    },
    async store(key, { username, password }, options) {
      checkKey(key, program);
      const body = JSON.stringify({ ServerURL: key, Username: username, Secret: password });
      const answer = await call('store', body, options, password);
      if (answer === undefined) throw broken(program, spec, `store failed: ${NOT_FOUND}`);
      if (answer === ANSWERS_ONLY) return 'answers-only';
      return answer === ABSENT ? 'no-keychain' : 'stored';
    },
    async erase(key, options) {
      checkKey(key, program);
      return typeof (await call('erase', key, options)) === 'string';
    },
    async list(options) {
      // Docker sends this word too; some helpers wait for a line.
      const answer = await call('list', 'unused', options);
      const users = Object.entries(
        parseAnswer(typeof answer === 'string' ? answer : '', program, spec, 'list'),
      );
      return new Map(users.map(([key, user]) => [key, typeof user === 'string' ? user : '']));
    },
  };
}

/** What helpers that store nothing answer to `store` and `erase`: ecr-login, gcr, acr-env. */
const NOT_IMPLEMENTED = /\b(?:not|un)[ -]?(?:yet )?(?:implemented|supported)\b|\bread[ -]?only\b/iu;

function isAnswerOnly(action: HelperAction, { stdout, stderr }: HelperResult): boolean {
  const writes = action === 'store' || action === 'erase';
  return writes && NOT_IMPLEMENTED.test(`${stdout}\n${stderr}`);
}

function checkKey(key: string, program: string): void {
  if (isSafeServerKey(key)) return;
  throw new AppError(
    'CREDENTIAL_HELPER',
    `refusing to pass ${JSON.stringify(sanitize(key).slice(0, 200))} to ${program}: it is not a registry name`,
    { hint: 'Write the registry as HOST[:PORT].' },
  );
}

function isNotFound(text: string): boolean {
  return text.trim() === NOT_FOUND;
}

function credentialFrom(
  answer: JsonObject,
  program: string,
  spec: HelperSpec,
): Credential | undefined {
  // Go's decoder, and therefore Docker, ignores the case of members.
  const username = getIgnoringCase(answer, 'Username') ?? '';
  const secret = getIgnoringCase(answer, 'Secret') ?? '';
  if (typeof username !== 'string' || typeof secret !== 'string') {
    throw broken(program, spec, 'get answered with something other than texts');
  }
  if (username === '' && secret === '') return undefined;
  if (username === '') throw broken(program, spec, 'get returned no username');
  const from = { origin: program, ...(!CLOUD_HELPERS.has(spec.suffix) && { neverPersist: true }) };
  if (username === TOKEN_USER) return { kind: 'identity', token: secret, ...from };
  return { kind: 'basic', username, password: secret, ...from };
}

function parseAnswer(
  text: string,
  program: string,
  spec: HelperSpec,
  action: HelperAction,
): JsonObject {
  if (action === 'list' && text.trim() === 'null') return {};
  try {
    const answer = parseJsonFile(text, program);
    if (isJsonObject(answer)) return answer;
  } catch (error) {
    // The answer is not quoted: it may hold the secret.
    throw broken(program, spec, `${action} did not answer in JSON`, error);
  }
  throw broken(program, spec, `${action} did not answer with an object`);
}

/** Helpers print errors to the same stream: text that looks like an answer may hold the secret. */
function withoutAnswer(stdout: string): string {
  return /^\s*\{|"secret"/iu.test(stdout) ? '' : stdout;
}

/** One safe, short line of a helper's output. */
function quote(text: string, secret: string): string {
  const shown = secretRedactor([secret])(text);
  const line = sanitize(shown.trim().replace(/\s+/gu, ' '));
  return line.length > MAX_QUOTED ? `${line.slice(0, MAX_QUOTED)}…` : line;
}

function missing(program: string, spec: HelperSpec): AppError {
  return new AppError(
    'CREDENTIAL_HELPER',
    `credential helper ${program}, named by ${spec.namedBy}, is not on PATH`,
    {
      hint: `Install ${program}, or remove ${spec.namedBy}. To skip it once, use --creds or --no-creds.`,
    },
  );
}

function broken(program: string, spec: HelperSpec, what: string, cause?: unknown): AppError {
  return new AppError('CREDENTIAL_HELPER', `the credential helper ${program} ${what}`, {
    hint: `Fix it, or remove ${spec.namedBy}. To skip it once, use --creds or --no-creds.`,
    cause,
  });
}
