import { AppError } from '../../errors/app-error.ts';
import { byteText } from '../../image/tar/byte-text.ts';
import { readFileTree, type LayerStack } from '../../image/files/image-files.ts';
import { listFiles, type ListedFile } from '../../image/files/list-files.ts';
import { plainPath } from '../../image/tar/plain-path.ts';
import { layerEntries } from '../../image/files/read-layer.ts';
import { readTable } from '../../image/toc/read-table.ts';
import type { CallOptions } from '../../util/abort.ts';
import { openImageLayers, type LayersContext } from '../input/layers.ts';
import { readArgument, readFlag, readInteger } from '../input/read.ts';
import { fileJson, fileLine } from '../output/file-rows.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';

/** Lines that are written at once. */
const BATCH = 256;

/** Lists the merged files of an image, or the entries of one layer. */
export async function run(
  context: LayersContext,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const location = context.locate(readArgument(input, 0, 'IMAGE'));
  const path = input.args[1];
  const number = readInteger(input, 'layer', '--layer');
  await using opened = await openImageLayers(context, location, {
    ...options,
    isReadTwice: false,
    usesTables: true,
  });
  const { stack, view } = opened;
  const files =
    number === undefined
      ? listFiles(await readFileTree(stack, options), location.text, path)
      : await entriesOf(stack, number, path, options);
  const isLong = readFlag(input, 'long');
  return {
    kind: 'live',
    json: async () => ({
      Name: location.text,
      Digest: view.descriptor.digest,
      Files: Array.from(files, fileJson),
    }),
    values: async function* () {
      for (const file of files) yield fileJson(file);
    },
    pieces: async function* () {
      let lines: string[] = [];
      for (const file of files) {
        lines.push(`${fileLine(file, isLong)}\n`);
        if (lines.length < BATCH) continue;
        yield lines.join('');
        lines = [];
      }
      yield lines.join('');
    },
  };
}

/** @throws AppError USAGE if there is no such layer; as layerEntries */
async function entriesOf(
  { source, layers, ranges }: LayerStack,
  number: number,
  path: string | undefined,
  options: CallOptions,
): Promise<readonly ListedFile[]> {
  const layer = layers[number];
  if (layer === undefined) {
    throw new AppError('USAGE', `--layer ${number}: the image has ${layers.length} layers`, {
      hint: layers.length === 0 ? undefined : `The last one is --layer ${layers.length - 1}.`,
    });
  }
  const found = await readTable(ranges, layer.descriptor, options);
  const entries = found?.table.entries ?? (await layerEntries(source, layer, options));
  for (const { inode } of entries) inode.layer = number;
  if (path === undefined) return entries;
  const below = plainPath(byteText(path));
  return entries.filter((one) => below === '' || `${one.path}/`.startsWith(`${below}/`));
}
