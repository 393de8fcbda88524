import { getIgnoringCase } from '../../config/docker/config-json.ts';
import { parseJsonFile, type JsonObject } from '../../config/files/json.ts';
import { AppError } from '../../errors/app-error.ts';
import type { Keychain } from './keychain-packages.ts';

/** A helper's answer: payload and error text both go to stdout. */
export interface HelperReply {
  readonly status: 0 | 1;
  readonly stdout: string;
}

export interface HelperServerOptions {
  /** "docker-credential-regctl" */
  readonly program: string;
  readonly version: string;
  /** Read only for actions that take input: a terminal would block forever. */
  readonly stdin: () => Promise<string>;
  /** Opened only for the actions that need it. */
  readonly keychain: () => Promise<Keychain>;
}

// The texts are part of the protocol (docker/docker-credential-helpers, credentials/error.go).
const NOT_FOUND = 'credentials not found in native keychain';
const NO_SERVER = 'no credentials server URL';
const NO_USER = 'no credentials username';

type ActionHandler = (options: HelperServerOptions) => Promise<HelperReply>;

const ACTIONS: ReadonlyMap<string, ActionHandler> = new Map<string, ActionHandler>([
  ['get', get],
  ['store', store],
  ['erase', erase],
  ['list', list],
  ['version', version],
  ['--version', version],
  ['-v', version],
  ['--help', async (options) => done(usage(options))],
  ['-h', async (options) => done(usage(options))],
]);

/** Answers one call of the credential-helper protocol; errors become replies, none is thrown. */
export async function handleHelperRequest(
  args: readonly string[],
  options: HelperServerOptions,
): Promise<HelperReply> {
  const [name = ''] = args;
  if (args.length !== 1) return failed(usage(options));
  const verb = ACTIONS.get(name);
  if (verb === undefined) return failed(`${options.program}: unknown action: ${name}`);
  try {
    return await verb(options);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return failed(error.hint === undefined ? error.message : `${error.message}; ${error.hint}`);
  }
}

async function get({ stdin, keychain }: HelperServerOptions): Promise<HelperReply> {
  const server = readServerUrl(await stdin());
  if (server === '') return failed(NO_SERVER);
  const entry = await (await keychain()).get(server);
  if (entry === undefined) return failed(NOT_FOUND);
  const { username, secret } = decodeEntry(entry, server);
  return done(JSON.stringify({ ServerURL: server, Username: username, Secret: secret }));
}

async function store({ stdin, keychain }: HelperServerOptions): Promise<HelperReply> {
  const document = parseJsonFile(await stdin(), 'standard input');
  const server = textAt(document, 'ServerURL').trim();
  const username = textAt(document, 'Username');
  if (server === '') return failed(NO_SERVER);
  if (username === '') return failed(NO_USER);
  const entry = encodeEntry(username, textAt(document, 'Secret'));
  await (await keychain()).set(server, entry);
  return done('');
}

async function erase({ stdin, keychain }: HelperServerOptions): Promise<HelperReply> {
  const server = readServerUrl(await stdin());
  if (server === '') return failed(NO_SERVER);
  return (await (await keychain()).remove(server)) ? done('') : failed(NOT_FOUND);
}

async function list({ keychain }: HelperServerOptions): Promise<HelperReply> {
  const entries = await (await keychain()).list();
  const users = entries.map(
    ({ account, secret }) => [account, decodeEntry(secret, account).username] as const,
  );
  return done(JSON.stringify(Object.fromEntries(users)));
}

async function version(options: HelperServerOptions): Promise<HelperReply> {
  return done(`${options.program} (regctl) ${options.version}`);
}

/** Joins the lines of the input, as all of Docker's helpers do. */
function readServerUrl(input: string): string {
  return input.replace(/\r?\n/gu, '').trim();
}

/** One entry for both: a keychain stores one text by name, and both change together. */
function encodeEntry(username: string, secret: string): string {
  return JSON.stringify({ Username: username, Secret: secret });
}

function decodeEntry(entry: string, server: string): { username: string; secret: string } {
  try {
    const document = parseJsonFile(entry, server);
    const [username, secret] = [textAt(document, 'Username'), textAt(document, 'Secret')];
    if (username !== '') return { username, secret };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
  }
  throw new AppError('CREDENTIAL_HELPER', `the keychain's entry of ${server} is damaged`, {
    hint: 'Log in again.',
  });
}

function textAt(document: JsonObject, name: string): string {
  const value = getIgnoringCase(document, name) ?? '';
  if (typeof value === 'string') return value;
  throw new AppError('CREDENTIAL_HELPER', `${name} in standard input is not text`);
}

function usage({ program }: HelperServerOptions): string {
  return `Usage: ${program} <store|get|erase|list|version>`;
}

function done(text: string): HelperReply {
  return { status: 0, stdout: text === '' ? '' : `${text}\n` };
}

function failed(text: string): HelperReply {
  return { status: 1, stdout: `${text}\n` };
}
