import {
  findMountSources,
  isPipe,
  withoutSameRepository,
  type CopyLocations,
} from '../../client/copy-locations.ts';
import { destinationTagOf, requirePinnedDigest } from '../../client/copy-names.ts';
import { copyImage } from '../../copy/copy-image.ts';
import type { CopyEvent, CopySummary, ImageRequest } from '../../copy/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Location } from '../../transports/types.ts';
import { writeDigestFile } from '../output/digest-file.ts';
import { openConverted } from '../../client/converted.ts';
import { conversionContext, copyFlags, copyRunOptions, type CopyContext } from './flags.ts';
import { readFlag } from '../input/read.ts';
import { countsJson, imageJson, nameWithDigest, startStats, type CommandStats } from './json.ts';
import { createDryRunRecorder, dryRunResult } from './dry-run.ts';
import { additionalNames } from './tag-names.ts';
import { copyRepository } from './all-tags.ts';
import { remind, UsualRequests } from './left-behind.ts';
import { noteUnsigned, pinnedTo, wantedPlatforms, withSignatures } from './trusted.ts';
import { openCopyStores, openDryRunDestination } from './stores.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';

/**
 * Runs `copy`, `pull` and `push`: copies an image, or with `--all-tags` a repository.
 * @throws as copyImage and copyTags do
 */
export async function transfer(
  context: CopyContext,
  input: Input,
  named: CopyLocations,
  options: CallOptions,
): Promise<Result> {
  const asked = copyFlags(context, input, named);
  if (asked.allTags) {
    return copyRepository(context, input, { locations: named, flags: asked }, options);
  }
  const trusted = await context.requireTrusted(named.from, {
    ...options,
    platforms: wantedPlatforms(asked),
  });
  const flags = withSignatures(asked, named.to, trusted);
  const locations = { from: pinnedTo(named.from, trusted), to: named.to };
  const cost = startStats(context);
  const shared = findMountSources(locations);
  await using stores = await openCopyStores(context, locations, shared, {
    ...options,
    withLayout: readFlag(input, 'withLayout'),
  });
  await using converted = await openConverted(
    conversionContext(context),
    stores.source,
    locations,
    flags,
  );
  const source = converted ?? stores.source;
  const sourceRef = await requirePinnedDigest(
    source,
    locations,
    { platforms: flags.platforms, conversion: flags.conversion !== undefined },
    options,
  );
  const destinationTag = await destinationTagOf(locations, stores.source, options);
  const request: ImageRequest = {
    sourceRef,
    destinationTag,
    additionalTags: additionalNames(locations.to, destinationTag, flags.additionalTags),
  };
  const common = {
    ...copyRunOptions(context, flags, options),
    ...withoutSameRepository(shared, converted !== undefined),
    source,
    ...request,
  };
  if (flags.dryRun) {
    const recorder = createDryRunRecorder(context);
    await using destination = await openDryRunDestination(context, locations, stores, options);
    const summary = await copyImage({ ...common, destination, emit: recorder.emit });
    const head = { ...imageJson(summary), ...countsJson(summary), ...cost() };
    return dryRunResult(context, { locations, recorder, tags: destination.tags, head });
  }
  const destination = await stores.destination();
  const usual = new UsualRequests();
  const emit = (event: CopyEvent): void => {
    usual.note(event);
    context.emit(event);
  };
  const summary = await copyImage({ ...common, destination, emit });
  noteUnsigned(context, trusted, summary.descriptor.digest);
  await remind(context, { locations, flags }, { source: stores.source, summary, usual }, options);
  await writeDigestFile(context, flags.digestFile, summary.descriptor, 'the image was copied');
  return resultOf(locations, request, summary, cost());
}

/** Prints DESTINATION@DIGEST last, for scripts, after the additional tags. */
function resultOf(
  { from, to }: CopyLocations,
  { destinationTag, additionalTags = [] }: ImageRequest,
  summary: CopySummary,
  stats: CommandStats,
): Result {
  const additional = [...new Set(additionalTags)].filter((tag) => tag !== destinationTag);
  const tags = [...(destinationTag === undefined ? [] : [destinationTag]), ...additional];
  return {
    kind: 'value',
    json: {
      Source: from.text,
      Destination: to.text,
      ...imageJson(summary),
      Tags: tags,
      ...countsJson(summary),
      ...stats,
    },
    text: () =>
      [...additional.map((tag) => nameWithTag(to, tag)), to.text]
        .map((name) => nameWithDigest(name, summary.descriptor))
        .join('\n'),
    ...(isPipe(to) ? { stream: 'stderr' } : {}),
  };
}

/** The destination's name with a different tag. */
function nameWithTag({ scheme, name }: Location, tag: string): string {
  return scheme === 'docker' ? `${name}:${tag}` : `${scheme}:${name}:${tag}`;
}
