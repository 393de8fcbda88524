import { copyImage } from '../../copy/copy-image.ts';
import { AppError } from '../../errors/app-error.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { isTag } from '../../reference/names.ts';
import type { WriteStore } from '../../store/types.ts';
import type { Location } from '../../transports/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { backupData } from '../formats/regsync-steps.ts';
import type { SyncPlaces } from '../places.ts';
import type { Expand } from '../templates.ts';
import type { SyncJob } from '../types.ts';

export interface BackupRequest {
  readonly job: SyncJob;
  readonly target: Location;
  readonly tag: string;
  /** The image that is about to be overwritten or deleted. */
  readonly existing: Descriptor;
  readonly destination: WriteStore;
  readonly places: SyncPlaces;
  readonly expand: Expand;
  readonly concurrency: number;
}

/**
 * Saves an image under another tag of the repository, or under a whole name if the template gives a
 * colon or slash.
 * @throws AppError: then nothing may be overwritten
 */
export async function backUpImage(request: BackupRequest, call: CallOptions): Promise<void> {
  const { job, target, tag, existing, destination, places, expand, concurrency } = request;
  const name = places.nameOf(target);
  const full = `${target.name}:${tag}`;
  const ref = {
    Scheme: name === undefined ? target.scheme : 'reg',
    Registry: name?.host ?? '',
    Repository: name?.path ?? '',
    Tag: tag,
    Digest: '',
    Path: name === undefined ? target.name : '',
    Reference: full,
    CommonName: full,
  };
  const place = expand(job.backup ?? '', backupData(job, ref)).trim();
  const common = {
    source: destination,
    sourceRef: existing.digest,
    concurrency,
    emit: () => undefined,
    ...call,
  };
  if (!/[:/]/u.test(place)) {
    if (!isTag(place)) {
      throw new AppError('USAGE', `cannot back up ${full}: "${place}" is no tag`);
    }
    await copyImage({
      ...common,
      destination,
      destinationTag: place,
      sameRepository: true,
      commit: false,
    });
    return;
  }
  const to = places.locate(place);
  await using other = await places.openWrite(to, call);
  await copyImage({ ...common, destination: other, destinationTag: to.tag ?? 'latest' });
}
