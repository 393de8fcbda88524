import { AppError } from '../../errors/app-error.ts';
import { parseImageConfig, type ImageConfig } from '../../image/config.ts';
import type { ImageView } from '../../image/view.ts';
import { isImageConfigType } from '../../oci/media-types.ts';
import type { ReadStore } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Location } from '../../transports/types.ts';
import { bytesOf } from '../../util/bytes.ts';
import { describeImage } from './json.ts';
import { inspectPage } from './page.ts';
import { openRequestedImage, readManifest } from '../input/image.ts';
import { readArgument, readFlag } from '../input/read.ts';
import type { Context } from '../context.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';

type InspectContext = Pick<
  Context,
  'locate' | 'openRead' | 'flags' | 'hostPlatform' | 'note' | 'now' | 'warn'
>;

/** Returns skopeo's JSON of an image, a readable summary, or the stored manifest or config. */
export async function run(
  context: InspectContext,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const location = context.locate(readArgument(input, 0, 'IMAGE'));
  await using store = await context.openRead(location, 'single', options);
  const raw = readFlag(input, 'raw');
  if (readFlag(input, 'config')) return inspectConfig(context, store, location, raw, options);
  if (raw) {
    const manifest = await readManifest(context, store, location.ref, options);
    const { digest, mediaType, size } = manifest.descriptor;
    const json = () => ({ Digest: digest, MediaType: mediaType, Size: size });
    return { kind: 'bytes', bytes: bytesOf(manifest.raw), json };
  }
  const view = await openRequestedImage(context, store, location.ref, options);
  const noTags = readFlag(input, 'noTags');
  const [config, platforms, tags] = await Promise.all([
    readConfig(view, options),
    view.platforms(options),
    noTags ? [] : listTags(context, store, options),
  ]);
  const name = location.scheme === 'docker' ? location.name : '';
  const image = describeImage(view, config, { name, tag: location.tag, tags }, platforms);
  return {
    kind: 'value',
    json: image,
    text: (style) =>
      inspectPage(image, { title: location.text, config, now: context.now() }, style),
    defaultOutput: 'json',
  };
}

async function inspectConfig(
  context: InspectContext,
  store: ReadStore,
  location: Location,
  raw: boolean,
  options: CallOptions,
): Promise<Result> {
  const view = await openRequestedImage(context, store, location.ref, options);
  if (raw) {
    const bytes = await view.configBytes(options);
    return { kind: 'bytes', bytes: bytesOf(bytes), json: () => parseImageConfig(bytes).json };
  }
  const { json } = await view.config(options);
  return {
    kind: 'value',
    json,
    text: () => JSON.stringify(json, undefined, 2),
    defaultOutput: 'json',
  };
}

/** Parses only an image's configuration: that of an artifact may not even be JSON. */
async function readConfig(view: ImageView, options: CallOptions): Promise<ImageConfig> {
  return isImageConfigType(view.manifest.config.mediaType)
    ? view.config(options)
    : parseImageConfig(Buffer.from('{}'));
}

/** Error codes of registries that allow reading an image but not listing its tags. */
const NO_LIST: ReadonlySet<string> = new Set([
  'UNAUTHORIZED',
  'FORBIDDEN',
  'UNSUPPORTED',
  'REPOSITORY_UNKNOWN',
]);

async function listTags(
  context: InspectContext,
  store: ReadStore,
  options: CallOptions,
): Promise<readonly string[]> {
  const { tags } = store.capabilities;
  if (tags === undefined) return [];
  try {
    const pages = (async function* () {
      for await (const page of tags.tags(options)) yield* page;
    })();
    return await Array.fromAsync(pages);
  } catch (error) {
    if (!(error instanceof AppError) || !NO_LIST.has(error.code)) throw error;
    context.warn(`RepoTags is empty: ${error.message} (--no-tags does not ask for them)`);
    return [];
  }
}
