import { compareImages, type ComparedSide } from '../../image/compare.ts';
import { KeptLayers } from '../../image/files/kept-layers.ts';
import type { Location } from '../../transports/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Context } from '../context.ts';
import { requestedPlatform } from '../input/platform.ts';
import { readArgument, readFlag } from '../input/read.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';
import { comparisonJson } from './json.ts';
import { comparisonPage } from './page.ts';

type DiffContext = Pick<Context, 'locate' | 'openRead' | 'flags' | 'tempDir'>;

/** Compares two images. */
export async function run(
  context: DiffContext,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const a = context.locate(readArgument(input, 0, 'A'));
  const b = context.locate(readArgument(input, 1, 'B'));
  const platform = requestedPlatform(context);
  await using left = await openSide(context, a, options);
  await using right = await openSide(context, b, options);
  const found = await compareImages(left, right, {
    ...options,
    platform,
    isFast: readFlag(input, 'fast'),
  });
  const names = [a.text, b.text] as const;
  return {
    kind: 'value',
    json: comparisonJson(names, found),
    text: (style) => comparisonPage(names, found, style),
    exit: !found.isEqual && readFlag(input, 'exitCode') ? 3 : 0,
  };
}

async function openSide(
  context: DiffContext,
  location: Location,
  options: CallOptions,
): Promise<ComparedSide & AsyncDisposable> {
  const store = await context.openRead(location, 'single', options);
  const kept = new KeptLayers(store, context.tempDir);
  const dispose = async (): Promise<void> => {
    await kept[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
  };
  try {
    const { stream } = store.capabilities;
    if (stream !== undefined) await kept.takeAll(stream, options);
    const source = stream === undefined ? store : kept;
    return { store, source, ref: location.ref, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}
