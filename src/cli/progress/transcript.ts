import type { Descriptor } from '../../oci/descriptor.ts';
import { isImageConfigType, isIndexType, isManifestType } from '../../oci/media-types.ts';
import type { Progress, ProgressOptions, WithStdout } from './types.ts';

/**
 * A copy in the lines that skopeo prints on standard output when that is no terminal. Of a list of
 * images, the lines of all images are mixed, as the images are copied at the same time.
 */
export function createTranscript({
  stdout,
  writeLine,
}: Pick<ProgressOptions, 'writeLine'> & WithStdout): Progress {
  const seen = new Set<string>();
  const configs: string[] = [];
  let isList: boolean | undefined;
  // A write that fails ends the command by the stream's own event.
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
