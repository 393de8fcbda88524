import { copyImage } from '../../copy/copy-image.ts';
import type { CopySummary } from '../../copy/types.ts';
import { parsePlatform } from '../../oci/platform.ts';
import type { CallOptions } from '../../util/abort.ts';
import { openConverted } from '../converted.ts';
import {
  findMountSources,
  holdsIndexes,
  isEngine,
  withoutSameRepository,
  type CopyLocations,
} from '../copy-locations.ts';
import { destinationTagOf, requirePinnedDigest } from '../copy-names.ts';
import type { Opened } from './open.ts';
import { DEFAULT_CONCURRENCY, platformOf, tempDirOf } from './this-machine.ts';
import type { ClientOptions, CopyCallOptions } from './types.ts';

/** Copies an image between two locations. @throws as copyImage does */
export async function copyBetween(
  opened: Opened,
  { from, to }: CopyLocations,
  options: ClientOptions,
  { onProgress = () => undefined, ...wanted }: CopyCallOptions,
  call: CallOptions,
): Promise<CopySummary> {
  const { onWarning = () => undefined, concurrency = DEFAULT_CONCURRENCY } = options;
  const { format, compression, additionalTags, noClobber, preserveDigests = false } = wanted;
  const { referrers = false } = wanted;
  const platforms = (wanted.platforms ?? []).map((one) =>
    typeof one === 'string' ? parsePlatform(one) : one,
  );
  const isOneImage = !holdsIndexes(to) || isEngine(from);
  const indexPlatform = isOneImage && platforms.length === 0 ? platformOf(options) : undefined;
  const isConverted = format !== undefined || compression !== undefined;
  const shared = findMountSources({ from, to });
  await using source = await opened.openRead(from, call);
  await using converted = await openConverted(
    {
      concurrency,
      tempDir: tempDirOf(options),
      temporaries: () => opened.temporaries(),
      note: (text) => onProgress({ type: 'note', text }),
      warn: onWarning,
    },
    source,
    { from, to },
    {
      conversion: isConverted ? { format, compression } : undefined,
      platforms,
      indexPlatform,
      preserveDigests,
      referrers,
    },
  );
  const readable = converted ?? source;
  const pinned = { platforms, conversion: isConverted };
  const sourceRef = await requirePinnedDigest(readable, { from, to }, pinned, call);
  const destinationTag = await destinationTagOf({ from, to }, source, call);
  await using destination = await opened.openWrite(to, {
    ...call,
    mountFrom: shared.mountFrom?.(),
  });
  return await copyImage({
    ...withoutSameRepository(shared, converted !== undefined),
    ...call,
    source: readable,
    destination,
    sourceRef,
    destinationTag,
    additionalTags,
    platforms,
    indexPlatform,
    referrers,
    noClobber,
    preserveDigests,
    concurrency,
    emit: onProgress,
  });
}
