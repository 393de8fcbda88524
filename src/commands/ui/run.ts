import { AppError } from '../../errors/app-error.ts';
import { pathOf } from '../../ui/routes.tsx';
import { startUi, uiSources } from '../../ui/start.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Context } from '../context.ts';
import { requestedPlatform } from '../input/platform.ts';
import { readFlag, readInteger } from '../input/read.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';
import { openBrowser } from './browser.ts';

type UiContext = Pick<
  Context,
  | 'env'
  | 'flags'
  | 'hostPlatform'
  | 'locate'
  | 'logins'
  | 'machine'
  | 'note'
  | 'now'
  | 'openRead'
  | 'registry'
  | 'requestCount'
  | 'requireTrusted'
  | 'tempDir'
  | 'warn'
>;

/** Serves the pages until the signal aborts. @throws AppError USAGE, INVALID_REFERENCE, IO */
export async function run(context: UiContext, input: Input, options: CallOptions): Promise<Result> {
  const [first] = input.args;
  const port = readInteger(input, 'port', '--port') ?? 0;
  if (port > 65_535) throw new AppError('USAGE', '--port takes a number up to 65535');
  const sources = uiSources(context);
  const { concurrency, policy, verifyKeys } = context.flags;
  const verifies = policy !== undefined || verifyKeys.length > 0;
  await using server = await startUi(context, {
    port,
    hostPlatform: requestedPlatform(context) ?? context.hostPlatform,
    concurrency,
    allowDelete: readFlag(input, 'allowDelete'),
    verify: verifies
      ? async (image, call) => (await context.requireTrusted(image, call))?.verdicts
      : undefined,
    start: first === undefined ? undefined : pathOf({ sources }, first),
  });
  await using opened = readFlag(input, 'noOpen')
    ? undefined
    : await openBrowser(context, server.firstAddress, options);
  if (opened !== undefined) context.note('a browser was asked to open it');
  await aborted(options.signal);
  return { kind: 'value', json: { Address: server.origin }, text: () => '' };
}

async function aborted(signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted === true) return;
  await new Promise<void>((done) => {
    signal?.addEventListener('abort', () => done(), { once: true });
  });
}
