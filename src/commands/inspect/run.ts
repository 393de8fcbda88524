import { attachedToView } from '../../artifact/referrers/attached.ts';
import { summaryOf } from '../../artifact/referrers/summary.ts';
import { parseImageConfig } from '../../image/config.ts';
import type { ReadStore } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Location } from '../../transports/types.ts';
import { bytesOf } from '../../util/bytes.ts';
import { describeImage, listRepoTags, readImageConfig } from '../../image/describe.ts';
import { inspectPage } from './page.ts';
import { referrerJson } from '../output/referrer-json.ts';
import { openRequestedImage, readManifest } from '../input/image.ts';
import { readArgument, readFlag } from '../input/read.ts';
import type { Context } from '../context.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';

type InspectContext = Pick<
  Context,
  'locate' | 'openRead' | 'flags' | 'hostPlatform' | 'note' | 'now' | 'warn'
>;

/** Referrers whose manifests are read, because the list does not say what they are. */
const MAX_READS = 8;

/** Returns skopeo's JSON of an image, a readable summary, or the stored manifest or config. */
export async function run(
  context: InspectContext,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const location = context.locate(readArgument(input, 0, 'IMAGE'));
  await using store = await context.openRead(location, 'single', options);
  const raw = readFlag(input, 'raw');
  if (readFlag(input, 'config')) return await inspectConfig(context, store, location, raw, options);
  if (raw) {
    const manifest = await readManifest(context, store, location.ref, options);
    const { digest, mediaType, size } = manifest.descriptor;
    const json = () => ({ Digest: digest, MediaType: mediaType, Size: size });
    return { kind: 'bytes', bytes: bytesOf(manifest.raw), json };
  }
  const view = await openRequestedImage(context, store, location.ref, options);
  const noTags = readFlag(input, 'noTags');
  const [config, platforms, tags] = await Promise.all([
    readImageConfig(view, options),
    view.platforms(options),
    noTags ? [] : listRepoTags(store, context.warn, options),
  ]);
  const name = location.scheme === 'docker' ? location.name : '';
  const image = describeImage(view, config, { name, tag: location.tag, tags }, platforms);
  const isSkipped = noTags || readFlag(input, 'noReferrers');
  const attached = isSkipped
    ? undefined
    : await attachedToView(store, view, {
        ...options,
        tags: store.capabilities.tags === undefined ? undefined : new Set(tags),
        concurrency: context.flags.concurrency,
        // There, reading a manifest may count as a pull.
        maxReads: name.startsWith('docker.io/') ? 0 : MAX_READS,
        warn: context.warn,
      });
  const info = {
    title: location.text,
    config,
    now: context.now(),
    attached: summaryOf(attached ?? []),
  };
  return {
    kind: 'value',
    json: { ...image, Referrers: attached?.map(referrerJson) ?? null },
    text: (style) => inspectPage(image, info, style),
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
