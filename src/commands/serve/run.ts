import { resolve } from 'node:path';
import { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';
import type { RequestEntry } from '../../server/api/dispatch.ts';
import { createBcryptThreads } from '../../server/bcrypt.ts';
import { createHtpasswdVerifier } from '../../server/htpasswd.ts';
import { startRegistryServer } from '../../server/server.ts';
import { claimDirectory, inspectDirectory } from '../../server/storage/claim.ts';
import { createDiskStorage } from '../../server/storage/disk.ts';
import { createMemoryStorage } from '../../server/storage/memory.ts';
import type { Storage } from '../../server/storage/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Context } from '../context.ts';
import { readListen, type ListenAddress } from '../input/listen.ts';
import { readFlag, readText } from '../input/read.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';
import { check } from './check.ts';
import { collectRepeatedly } from './collecting.ts';
import { causeText, readFiles, type ServeFiles } from './files.ts';
import { expireUploads, readUploadTtl } from './expiry.ts';
import { callerRules } from './callers.ts';
import { gc } from './gc.ts';

type ServeContext = Pick<Context, 'cwd' | 'now' | 'note' | 'warn' | 'onSignal' | 'temporaries'>;

const ACTIONS: Readonly<Record<string, typeof gc>> = { check, gc };

/** Serves, or runs an action on a registry's directory. @throws AppError USAGE */
export async function run(
  context: ServeContext,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const [word] = input.args;
  if (word === undefined) return serve(context, input, options);
  const action = Object.hasOwn(ACTIONS, word) ? ACTIONS[word] : undefined;
  if (action === undefined) {
    throw new AppError('USAGE', `"serve" has no action "${word}"`, {
      hint: `Its actions are: ${Object.keys(ACTIONS).join(', ')}.`,
    });
  }
  return action(context, input, options);
}

/** Serves until the signal aborts, then closes; prints its address on stderr once it is ready. */
async function serve(context: ServeContext, input: Input, options: CallOptions): Promise<Result> {
  const address = readListen(input, '127.0.0.1:5000');
  const uploadTtl = readUploadTtl(input);
  const files = await readFiles(context, input);
  const callers = files.users === undefined ? callerRules(input, address) : undefined;
  warnOfAccess(context, address, files);
  const compare = createBcryptThreads();
  let verify = files.users && createHtpasswdVerifier(files.users, { compare });
  const lost = new AbortController();
  await using place = await openStorage(context, input, (reason) => lost.abort(reason));
  await using server = await startRegistryServer({
    ...address,
    storage: place.storage,
    readOnly: readFlag(input, 'readOnly'),
    allowDelete: !readFlag(input, 'noDelete'),
    tls: files.tls,
    callers,
    basicAuth: verify && ((...given) => verify?.(...given) ?? false),
    onRequest: (entry) => log(context, entry),
  });
  await using background = new AsyncDisposableStack();
  const reread = async (): Promise<void> => {
    const { tls, users } = await readFiles(context, input);
    if (tls !== undefined) server.useCertificate(tls);
    if (users !== undefined) verify = createHtpasswdVerifier(users, { compare });
    warnOfAccess(context, address, { tls, users });
    context.note('the files of users and certificates were read again');
  };
  const stop =
    files.tls === undefined && files.users === undefined ? undefined : onHangUp(context, reread);
  context.note(`listening on ${server.url.href}`);
  if (!place.lasts) context.note('in memory: everything is lost when it stops');
  if (!readFlag(input, 'readOnly')) {
    background.use(expireUploads(context, place.storage, uploadTtl));
    background.use(collectRepeatedly(context, input, place.storage));
  }
  await aborted([lost.signal, options.signal]);
  stop?.();
  lost.signal.throwIfAborted();
  return { kind: 'value', json: { Address: server.host }, text: () => '' };
}

interface Place extends AsyncDisposable {
  readonly storage: Storage;
  readonly lasts: boolean;
}

/** Opens the storage and locks its directory until disposed. @throws as `claimDirectory` */
async function openStorage(
  context: ServeContext,
  input: Input,
  onLost: (reason: AppError) => void,
): Promise<Place> {
  const dir = readText(input, 'dir');
  const nothingHeld = { [Symbol.asyncDispose]: async () => undefined };
  if (dir === undefined) return { storage: createMemoryStorage(), lasts: false, ...nothingHeld };
  const directory = resolve(context.cwd, dir);
  const readOnly = readFlag(input, 'readOnly');
  const storage = createDiskStorage(directory, { readOnly });
  if (readOnly) {
    await inspectDirectory(directory);
    return { storage, lasts: true, ...nothingHeld };
  }
  const lock = await claimDirectory(directory, {
    temporaries: await context.temporaries(),
    onLost: () => {
      onLost(new AppError('IO', `cannot go on with ${directory}: another regctl serve took it`));
    },
  });
  return { storage, lasts: true, [Symbol.asyncDispose]: () => lock.release() };
}

/** Prints one line for each request; a server failure is a warning with its cause. */
function log(context: ServeContext, { method, url, status, failure }: RequestEntry): void {
  const line = `${status} ${method} ${sanitize(url)}`;
  if (failure === undefined) context.note(line);
  else context.warn(`${line}: ${causeText(failure)}`);
}

function warnOfAccess(
  context: ServeContext,
  { host, isLocal }: ListenAddress,
  { tls, users }: ServeFiles,
): void {
  if (users === undefined) {
    if (isLocal) return;
    context.warn(
      `everyone who reaches ${host} may use this registry: --htpasswd FILE asks for users`,
    );
    return;
  }
  if (users.size === 0) context.warn('no login can succeed: the file of --htpasswd has no users');
  if (tls === undefined && !isLocal) {
    context.warn(
      'passwords cross the network as plain text: --tls-cert FILE and --tls-key FILE serve HTTPS',
    );
  }
}

/** Rereads the files at SIGHUP, one reread at a time. A failure keeps the previous settings. */
function onHangUp(context: ServeContext, reread: () => Promise<void>): () => void {
  let last = Promise.resolve();
  return context.onSignal('SIGHUP', () => {
    last = last.then(reread).catch((error: unknown) => {
      context.warn(`${causeText(error)}; what was read before stays in use`);
    });
  });
}

async function aborted(signals: readonly (AbortSignal | undefined)[]): Promise<void> {
  const any = AbortSignal.any(signals.filter((signal) => signal !== undefined));
  if (any.aborted) return;
  await new Promise<void>((done) => {
    any.addEventListener('abort', () => done(), { once: true });
  });
}
