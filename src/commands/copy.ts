import { resolve } from 'node:path';
import { copyImage } from '../copy/copy.ts';
import type { CopySummary } from '../copy/types.ts';
import { AppError } from '../errors/app-error.ts';
import { isDigest } from '../oci/digest.ts';
import { formatPlatform, type Platform } from '../oci/platform.ts';
import { DEFAULT_TAG } from '../reference/print.ts';
import { isTag } from '../reference/tag.ts';
import type { CallOptions, ReadStore } from '../store/types.ts';
import type { Location } from '../transports/types.ts';
import { writeFileAtomic } from '../util/atomic-file.ts';
import { wantedPlatform } from './shared/image.ts';
import { argumentOf, exclusive, flagOf, listOf, textOf } from './shared/options.ts';
import type { Context, Input, Result } from './types.ts';

/** Copies one image. The last line on stdout is `DESTINATION@DIGEST`. @throws as copyImage does */
export async function run(context: Context, input: Input, options: CallOptions): Promise<Result> {
  const from = context.locate(argumentOf(input, 0, 'SOURCE'));
  const to = context.locate(argumentOf(input, 1, 'DESTINATION'));
  const platform = platformOf(context, input);
  const additionalTags = additionalTagsOf(input);
  const started = context.now().getTime();

  const shared = neighbours(context, from, to);
  // One repository under one set of credentials is one store: one token serves both sides.
  const isOneStore =
    shared.sameRepository === true &&
    (await context.registry('src')) === (await context.registry('dest'));
  const one = isOneStore ? await context.openWrite(to, 'dest', options) : undefined;
  await using source = one ?? (await context.openRead(from, 'src', options));
  const sourceRef = await checkPinned(source, from, to, platform, options);
  await using destination = one ?? (await context.openWrite(to, 'dest', options));
  const summary = await copyImage({
    source,
    sourceRef,
    destination,
    destinationTag: destinationTagOf(to),
    additionalTags,
    platform,
    concurrency: context.flags.concurrency,
    noClobber: flagOf(input, 'noClobber'),
    ...shared,
    emit: (event) => context.emit(event),
    signal: options.signal,
  });
  await writeDigest(context, input, summary);
  return resultOf(from, to, summary, {
    Requests: context.requestCount(),
    ElapsedMs: context.now().getTime() - started,
  });
}

/** @throws AppError USAGE when the flags contradict each other */
function platformOf(context: Context, input: Input): Platform | undefined {
  const platform = wantedPlatform(context);
  const which = textOf(input, 'multiArch');
  exclusive({
    '--all': flagOf(input, 'all') || which === 'all',
    '--platform': platform !== undefined,
  });
  exclusive({ '--all': flagOf(input, 'all'), '--multi-arch system': which === 'system' });
  const chosen = which === 'system' ? (platform ?? context.hostPlatform) : platform;
  if (chosen !== undefined) {
    context.note(
      `copying ${formatPlatform(chosen)} alone: of an index, the digest is that image's`,
    );
  }
  return chosen;
}

/** @throws AppError INVALID_REFERENCE */
function additionalTagsOf(input: Input): readonly string[] {
  const tags = listOf(input, 'additionalTag');
  const wrong = tags.find((tag) => !isTag(tag));
  if (wrong === undefined) return tags;
  throw new AppError('INVALID_REFERENCE', `--additional-tag: "${wrong}" is not a tag`, {
    hint: 'Write the tag alone, without the repository.',
  });
}

/** A registry's default tag is `latest`, unless the destination is named by digest alone. */
function destinationTagOf({ scheme, tag, ref }: Location): string | undefined {
  if (tag !== undefined || ref !== undefined || scheme !== 'docker') return tag;
  return DEFAULT_TAG;
}

/**
 * A destination named by digest takes that image and no other; checked before anything is written.
 * Returns what to copy. @throws AppError USAGE
 */
async function checkPinned(
  source: ReadStore,
  from: Location,
  to: Location,
  platform: Platform | undefined,
  options: CallOptions,
): Promise<string | undefined> {
  const pinned = to.ref;
  if (pinned === undefined || !isDigest(pinned)) return from.ref;
  if (platform !== undefined) {
    throw new AppError('USAGE', 'a destination with a digest cannot be used for one platform', {
      hint: 'Name the image of that platform by its own digest, or give the destination a tag.',
    });
  }
  const known = from.ref !== undefined && isDigest(from.ref);
  const digest = known ? from.ref : (await source.resolve(from.ref, options)).digest;
  if (digest === pinned) return digest;
  throw new AppError('USAGE', `${from.text} has the digest ${digest}, not that of ${to.text}`, {
    hint: 'Leave the digest of the destination out, or copy the image that has it.',
  });
}

/** What two repositories of one registry can share instead of sending it. */
function neighbours(
  context: Context,
  from: Location,
  to: Location,
): {
  readonly mountFrom?: () => readonly string[];
  readonly sameRepository?: boolean;
} {
  if (from.scheme !== 'docker' || to.scheme !== 'docker') return {};
  const source = context.reference(from.place);
  const destination = context.reference(to.place);
  if (source.registry !== destination.registry) return {};
  return source.repository === destination.repository
    ? { sameRepository: true }
    : { mountFrom: () => [source.repository] };
}

/** The digest alone, without a line end, as skopeo writes it. @throws AppError IO */
async function writeDigest(
  context: Context,
  input: Input,
  { descriptor }: CopySummary,
): Promise<void> {
  const file = textOf(input, 'digestfile');
  if (file === undefined) return;
  try {
    await writeFileAtomic(resolve(context.cwd, file), descriptor.digest);
  } catch (error) {
    throw new AppError('IO', `the image was copied, but "${file}" cannot be written`, {
      cause: error,
    });
  }
}

function resultOf(
  from: Location,
  to: Location,
  { descriptor, blobs, bytes }: CopySummary,
  cost: { readonly Requests: number; readonly ElapsedMs: number },
): Result {
  const { digest, mediaType } = descriptor;
  const name = to.text.endsWith(`@${digest}`) ? to.text : `${to.text}@${digest}`;
  return {
    json: {
      Source: from.text,
      Destination: to.text,
      Digest: digest,
      MediaType: mediaType,
      Blobs: { Written: blobs.written, Mounted: blobs.mounted, Present: blobs.present },
      Bytes: { Sent: bytes.sent, Skipped: bytes.skipped },
      ...cost,
    },
    text: () => name,
  };
}
