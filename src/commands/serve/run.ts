import { setMaxListeners } from 'node:events';
import { AppError } from '../../errors/app-error.ts';
import { createRateLimit } from '../../server/access/rate.ts';
import { startRegistryServer } from '../../server/server.ts';
import { Disposables } from '../../store/disposables.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Context } from '../context.ts';
import { readListen } from '../input/listen.ts';
import { readCount, readFlag } from '../input/read.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';
import { readAccessLog } from './access-log.ts';
import { readSize, readTime } from './amounts.ts';
import { check } from './check.ts';
import { collectRepeatedly } from './gc/repeatedly.ts';
import { expireUploads, readUploadTtl } from './expiry.ts';
import { callerRules } from './callers.ts';
import { openFiles } from './files-in-use.ts';
import { gc, readCollection } from './gc/collect.ts';
import { readMetrics, serveMetrics } from './metrics.ts';
import { MAX_STOP_MS } from './stop.ts';
import { readProxy } from './proxy/endpoints.ts';
import { openStorage } from './storage.ts';

type PagesContext = Pick<
  Context,
  | 'flags'
  | 'hostPlatform'
  | 'locate'
  | 'logins'
  | 'note'
  | 'now'
  | 'openRead'
  | 'registry'
  | 'requestCount'
  | 'warn'
>;

type ServeContext = PagesContext & Pick<Context, 'cwd' | 'onSignal' | 'temporaries' | 'usage'>;

const ACTIONS: Readonly<Record<string, typeof gc>> = { check, gc };

const DEFAULT_STOP_MS = 10_000;

/** Serves, or runs an action on a registry's directory. @throws AppError USAGE */
export async function run(
  context: ServeContext,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const [word] = input.args;
  if (readFlag(input, 'dryRun') && word !== 'gc') {
    throw new AppError('USAGE', '--dry-run is for "serve gc"');
  }
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
  const collect = readCollection(context, input);
  const gcInterval = readTime(input, 'gcInterval');
  if (gcInterval === 0) throw new AppError('USAGE', '--gc-interval takes a time of at least 1s');
  const grace = Math.min(readTime(input, 'stopTimeout') ?? DEFAULT_STOP_MS, MAX_STOP_MS);
  const log = readAccessLog(context, input);
  const metrics = readMetrics(context, input);
  const rate = readCount(input, 'maxRate', '--max-rate');
  const limits = {
    maxBody: readSize(input, 'maxBody'),
    maxConnections: readCount(input, 'maxConnections', '--max-connections'),
    rateLimit: rate === undefined ? undefined : createRateLimit(rate),
  };
  const openProxy = readProxy(context, input);
  const files = await openFiles(context, input, address);
  const lost = new AbortController();
  const stopping = new AbortController();
  // Every download listens to it.
  setMaxListeners(0, stopping.signal);
  await using place = await openStorage(context, input, (reason) => lost.abort(reason));
  await using server = await startRegistryServer({
    ...address,
    ...limits,
    storage: place.storage,
    readOnly: readFlag(input, 'readOnly'),
    allowDelete: !readFlag(input, 'noDelete'),
    tls: files.tls,
    callers: files.verify === undefined ? callerRules(input, address) : undefined,
    basicAuth: files.verify,
    rules: files.rules,
    ready: place.ready,
    endpoints: openProxy?.(place.storage, stopping.signal, metrics.metrics),
    pages: metrics.pages(files.verify !== undefined),
    onStart: metrics.onStart,
    onRequest: (entry) => {
      metrics.onRequest(entry);
      log(entry);
    },
  });
  await using background = new Disposables();
  background.use({ [Symbol.asyncDispose]: async () => stopping.abort() });
  background.use(await serveMetrics(context, metrics, place.ready));
  context.note(`listening on ${server.url.href}`);
  if (!place.lasts) context.note('in memory: everything is lost when it stops');
  if (readFlag(input, 'ui')) background.use(await servePages(context, server.url));
  background.use(files.watch((certificate) => server.useCertificate(certificate)));
  if (!readFlag(input, 'readOnly')) {
    const collecting = { interval: gcInterval, onCollected: metrics.onCollected };
    background.use(expireUploads(context, place.storage, uploadTtl));
    background.use(
      collectRepeatedly(context, (signal) => collect(place.storage, signal), collecting),
    );
  }
  await aborted([lost.signal, options.signal]);
  lost.signal.throwIfAborted();
  await server.close({ grace });
  return { kind: 'value', json: { Address: server.host }, text: () => '' };
}

/** Serves pages of this registry next to it, for this machine only and without deletion. */
async function servePages(context: PagesContext, { port }: URL): Promise<AsyncDisposable> {
  const [{ startUi }, { repositoriesPath }] = await Promise.all([
    import('../../ui/start.ts'),
    import('../../ui/links.ts'),
  ]);
  return startUi(context, {
    port: 0,
    hostPlatform: context.hostPlatform,
    concurrency: context.flags.concurrency,
    allowDelete: false,
    start: repositoriesPath(`127.0.0.1:${port}`),
  });
}

async function aborted(signals: readonly (AbortSignal | undefined)[]): Promise<void> {
  const any = AbortSignal.any(signals.filter((signal) => signal !== undefined));
  if (any.aborted) return;
  await new Promise<void>((done) => {
    any.addEventListener('abort', () => done(), { once: true });
  });
}
