import { sanitize } from '../../errors/sanitize.ts';
import { KeptLayers } from '../../image/files/kept-layers.ts';
import { validateImage, type Validation } from '../../image/validate.ts';
import type { Problem } from '../../image/validator.ts';
import { shortDigest } from '../../oci/digest.ts';
import type { CallOptions } from '../../util/abort.ts';
import { formatSize } from '../../util/text/units.ts';
import type { Context } from '../context.ts';
import { readArgument, readFlag } from '../input/read.ts';
import type { Result, Style } from '../result.ts';
import type { Input } from '../types.ts';

/** Checks all of an image, and reports all that is wrong. */
export async function run(
  context: Pick<Context, 'locate' | 'openRead' | 'tempDir'>,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const location = context.locate(readArgument(input, 0, 'IMAGE'));
  await using store = await context.openRead(location, 'single', options);
  await using kept = new KeptLayers(store, context.tempDir);
  const { stream } = store.capabilities;
  if (stream !== undefined) await kept.takeAll(stream, options);
  const found = await validateImage(store, location.ref, {
    ...options,
    isFast: readFlag(input, 'fast'),
    source: stream === undefined ? store : kept,
  });
  const isValid = found.problems.length === 0;
  return {
    kind: 'value',
    json: {
      Name: location.text,
      Digest: found.root.digest,
      Valid: isValid,
      Manifests: found.manifests,
      Layers: found.layers,
      Bytes: found.bytes,
      Problems: found.problems.map(({ digest, platform, code, message }) => ({
        Digest: digest,
        Platform: platform ?? null,
        Code: code,
        Message: message,
      })),
    },
    text: (style) => page(location.text, found, style),
    exit: isValid ? 0 : 5,
  };
}

function page(name: string, found: Validation, style: Style): string {
  const { root, problems, manifests, layers, bytes } = found;
  const read = `${manifests} ${plural('manifest', manifests)}, ${layers} ${plural('layer', layers)}, ${formatSize(bytes)}`;
  const verdict =
    problems.length === 0
      ? `${style.green('valid')} (${read})`
      : style.red(`${problems.length} ${plural('problem', problems.length)}`);
  const title = `${sanitize(name)}: ${verdict}`;
  return [title, ...problems.map((one) => problemLine(one, root.digest))].join('\n');
}

function problemLine({ digest, platform, message }: Problem, root: string): string {
  const image = platform ?? (digest === root ? undefined : shortDigest(digest));
  return `  ${image === undefined ? '' : `${sanitize(image)}: `}${sanitize(message)}`;
}

function plural(word: string, count: number): string {
  return count === 1 ? word : `${word}s`;
}
