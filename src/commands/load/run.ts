import { copyNamed, type NamedSummary } from '../../copy/copy-named.ts';
import type { ImageRequest } from '../../copy/types.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { DEFAULT_TAG } from '../../reference/format.ts';
import type { ReadStore } from '../../store/types.ts';
import { fullName } from '../../transports/docker-archive/name.ts';
import type { Location } from '../../transports/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { readText } from '../input/read.ts';
import type { Result } from '../result.ts';
import type { CopyContext } from '../transfer/flags.ts';
import { countsJson, nameWithDigest, startStats } from '../transfer/json.ts';
import { requireRegistry, withoutDaemon } from '../transfer/place.ts';
import type { Input } from '../types.ts';

interface Loaded {
  readonly name: string | undefined;
  readonly descriptor: Descriptor;
}

/** Loads an archive into the Docker daemon, or its images into registries. @throws as copyNamed */
export async function run(
  context: CopyContext,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const file = readText(input, 'input') ?? '-';
  const targets = input.args.map((image) => {
    const to = context.locate(image);
    requireRegistry(to, 'load into', image);
    return to;
  });
  const cost = startStats(context);
  const summaries: NamedSummary[] = [];
  const loaded: Loaded[] = [];
  for (const to of targets.length === 0 ? [undefined] : targets) {
    const summary = await loadInto(context, file, to, options);
    summaries.push(summary);
    for (const { name, descriptor } of summary.images)
      loaded.push({ descriptor, name: to === undefined ? name : to.text });
  }
  const [first] = summaries;
  return {
    kind: 'value',
    json: {
      File: file,
      Images: loaded.map(({ name, descriptor: { digest, mediaType } }) => ({
        Name: name ?? null,
        Digest: digest,
        MediaType: mediaType,
      })),
      ...(first === undefined || summaries.length > 1 ? {} : countsJson(first)),
      ...cost(),
    },
    text: () =>
      loaded
        .map(({ name, descriptor }) =>
          name === undefined ? descriptor.digest : nameWithDigest(name, descriptor),
        )
        .join('\n'),
  };
}

async function loadInto(
  context: CopyContext,
  file: string,
  to: Location | undefined,
  options: CallOptions,
): Promise<NamedSummary> {
  await using source = await openArchive(context, file, options);
  const daemon = { scheme: 'docker-daemon', name: '', ref: undefined, tag: undefined };
  const target = to ?? { ...daemon, text: 'docker-daemon:' };
  try {
    await using destination = await context.openWrite(target, 'single', options);
    return await copyNamed({
      source,
      destination,
      choose: (names) => (to === undefined ? allOf(context, names) : [oneOf(names, to)]),
      indexPlatform: to === undefined ? context.hostPlatform : undefined,
      concurrency: context.flags.concurrency,
      emit: (event) => context.emit(event),
      signal: options.signal,
    });
  } catch (error) {
    throw withoutDaemon(error, [`load -i ${file} IMAGE`, `copy docker-archive:${file} oci:DIR`]);
  }
}

/** Requests each image under each of its names; a bare tag of a layout names no image. */
function allOf(
  { note }: Pick<CopyContext, 'note'>,
  names: readonly string[],
): readonly ImageRequest[] {
  if (names.length === 0) return [{}];
  return names.map((name) => {
    if (/[/:]/u.test(name)) return { sourceRef: name, destinationTag: name };
    note(`"${name}" is a tag without a repository: its image is loaded without a name`);
    return { sourceRef: name };
  });
}

/** Requests the image that has this name, or the only image. */
function oneOf(names: readonly string[], { text, ref, tag }: Location): ImageRequest {
  const destinationTag = tag ?? (ref === undefined ? DEFAULT_TAG : undefined);
  const same = names.find((name) => fullName(name) === text);
  return { sourceRef: same, destinationTag };
}

/** Opens the output of `docker save` or an OCI layout in a tar, compressed or not. */
async function openArchive(
  { openRead, requireTrusted }: Pick<CopyContext, 'openRead' | 'requireTrusted'>,
  file: string,
  options: CallOptions,
): Promise<ReadStore> {
  const at = (scheme: string): Location => {
    const text = `${scheme}:${file}`;
    return { scheme, name: file, ref: undefined, tag: undefined, text };
  };
  const store = await openRead(at('oci-archive'), 'single', { ...options, anyArchive: true });
  const schemes = ['docker-archive', 'oci-archive'];
  const own = schemes.filter((scheme) => store.label.startsWith(`${scheme}:`));
  try {
    // What a stream is turns out at its end: a policy must allow both.
    for (const scheme of own.length === 0 ? schemes : own)
      await requireTrusted(at(scheme), options);
    return store;
  } catch (error) {
    await store[Symbol.asyncDispose]();
    throw error;
  }
}
