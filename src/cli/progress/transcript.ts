import type { Descriptor } from '../../oci/descriptor.ts';
import { isImageConfigType, isIndexType, isManifestType } from '../../oci/media-types.ts';
import type { Progress, ProgressOptions, WithStdout } from './types.ts';

/**
 * Prints the lines that skopeo prints for a copy without a terminal. The lines of an index's images
 * are mixed, as the images are copied in parallel.
 */
export function createTranscript({
  stdout,
  writeLine,
}: Pick<ProgressOptions, 'writeLine'> & WithStdout): Progress {
  const seen = new Set<string>();
  const configs: string[] = [];
  let isList: boolean | undefined;
  // The stream's `error` event ends the command after a failed write.
  const line = (text: string): void => void stdout.write(`${text}\n`).catch(() => undefined);

  const begin = ({ mediaType }: Pick<Descriptor, 'mediaType'>): void => {
    if (isList !== undefined) return;
    isList = isIndexType(mediaType);
    line(isList ? 'Getting image list signatures' : 'Getting image source signatures');
  };
  const show = (descriptor: Descriptor): void => {
    const { digest, mediaType } = descriptor;
    if (seen.has(digest)) return;
    seen.add(digest);
    if (isImageConfigType(mediaType)) configs.push(digest);
    else if (!isManifestType(mediaType)) line(`Copying blob ${digest}`);
  };

  return {
    emit(event) {
      if (event.type === 'found') begin(event.descriptor);
      if (event.type === 'start' || event.type === 'end') show(event.descriptor);
      if (event.type === 'warning') writeLine(`warning: ${event.text}`);
    },
    close(ok) {
      if (!ok) return;
      begin({ mediaType: '' });
      for (const digest of configs) line(`Copying config ${digest}`);
      line('Writing manifest to image destination');
      if (isList !== true) return;
      line('Writing manifest list to image destination');
      line('Storing list signatures');
    },
  };
}
