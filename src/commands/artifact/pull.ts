import { resolve } from 'node:path';
import { pullArtifact, type Pulled } from '../../artifact/files/pull.ts';
import { sanitize } from '../../errors/sanitize.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Context } from '../context.ts';
import { openRequestedImage } from '../input/image.ts';
import { readArgument, readFlag, readText } from '../input/read.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';
import { pinnedTo } from '../transfer/trusted.ts';
import { placeOf } from './names.ts';

type PullContext = Pick<
  Context,
  | 'cwd'
  | 'emit'
  | 'flags'
  | 'hostPlatform'
  | 'locate'
  | 'note'
  | 'openRead'
  | 'requireTrusted'
  | 'temporaries'
  | 'warn'
>;

/** Writes the files of an artifact. @throws AppError PATH_UNSAFE, PATH_EXISTS; IntegrityError */
export async function run(
  context: PullContext,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const named = context.locate(readArgument(input, 0, 'NAME'));
  const folder = resolve(context.cwd, readText(input, 'outputDir') ?? '.');
  const location = pinnedTo(named, await context.requireTrusted(named, options));
  await using store = await context.openRead(location, 'single', options);
  const { descriptor, manifest } = await openRequestedImage(context, store, location.ref, options);
  const pulled = await pullArtifact(store, manifest, {
    ...options,
    folder,
    overwrite: readFlag(input, 'overwrite'),
    concurrency: context.flags.concurrency,
    temporaries: await context.temporaries(),
    onEvent: (event) => context.emit(event),
  });
  const { unnamed } = pulled;
  if (unnamed.length > 0) {
    context.note(
      `${unnamed.length} without a name left out; all of it: regctl copy ${location.text} oci:DIR`,
    );
  }
  return resultOf(pulled, { name: placeOf(location), digest: descriptor.digest, folder });
}

function resultOf(
  { files, unnamed, written }: Pulled,
  {
    name,
    digest,
    folder,
  }: { readonly name: string; readonly digest: string; readonly folder: string },
): Result {
  const json = {
    Name: name,
    Digest: digest,
    Directory: folder,
    Files: files.map(({ title, descriptor, isDirectory }) => ({
      Title: title,
      Digest: descriptor.digest,
      MediaType: descriptor.mediaType,
      Size: descriptor.size,
      Directory: isDirectory,
    })),
    Written: written,
    Unnamed: unnamed.map((one) => one.digest),
  };
  return {
    kind: 'value',
    json,
    text: () => [...files.map(({ title }) => sanitize(title)), `${name}@${digest}`].join('\n'),
  };
}
