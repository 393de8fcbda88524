import { parseJsonStrict } from '../../oci/strict-json.ts';
import type { CallOptions } from '../../util/abort.ts';
import { bytesOf } from '../../util/bytes.ts';
import { readManifest } from '../input/image.ts';
import { readArgument } from '../input/read.ts';
import type { Context } from '../context.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';

type ManifestContext = Pick<Context, 'locate' | 'openRead' | 'flags' | 'hostPlatform' | 'warn'>;

/** Returns the manifest as stored; `-o json` parses it. */
export async function run(
  context: ManifestContext,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const location = context.locate(readArgument(input, 0, 'IMAGE'));
  await using store = await context.openRead(location, 'single', options);
  const { raw } = await readManifest(context, store, location.ref, options);
  const json = (): unknown => parseJsonStrict(raw, 'INVALID_MANIFEST', 'manifest');
  return { kind: 'bytes', bytes: bytesOf(raw), json };
}
