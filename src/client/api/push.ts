import type { Descriptor } from '../../oci/descriptor.ts';
import { digestOf } from '../../oci/digest.ts';
import { MEDIA_TYPE } from '../../oci/media-types.ts';
import { VISIBILITY_RETRIES } from '../../store/manifests.ts';
import type { WriteStore } from '../../store/types.ts';
import { sourceFromBytes } from '../../store/verify.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { PushCallOptions, PushedFile } from './types.ts';

/** image-spec v1.1.1 manifest.md "Guidelines for Artifact Usage": the configuration of none. */
const EMPTY = Buffer.from('{}');
const EMPTY_TYPE = 'application/vnd.oci.empty.v1+json';
const TITLE = 'org.opencontainers.image.title';

/** Writes files as an artifact: its blobs first, then the manifest with its tag. */
export async function pushFiles(
  store: WriteStore,
  tag: string | undefined,
  files: readonly (PushedFile | Uint8Array)[],
  { artifactType, annotations, subject }: PushCallOptions,
  call: CallOptions,
): Promise<Descriptor> {
  const config = describe({ data: EMPTY, mediaType: EMPTY_TYPE });
  const layers = files.map((file) =>
    file instanceof Uint8Array
      ? { data: file, descriptor: describe({ data: file }) }
      : laidOut(file),
  );
  const parts = [{ data: EMPTY, descriptor: config }, ...layers];
  for (const { data, descriptor } of parts)
    await store.push(sourceFromBytes(descriptor, data), call);
  const raw = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.ociManifest,
      artifactType: artifactType ?? 'application/vnd.unknown.artifact.v1',
      config,
      layers: layers.length === 0 ? [config] : layers.map(({ descriptor }) => descriptor),
      subject,
      annotations,
    }),
  );
  const descriptor = describe({ data: raw, mediaType: MEDIA_TYPE.ociManifest });
  await store.push(sourceFromBytes(descriptor, raw), {
    ...call,
    tag,
    visibilityRetries: VISIBILITY_RETRIES,
  });
  await store.commit(call);
  return descriptor;
}

function laidOut(file: PushedFile): { readonly data: Uint8Array; readonly descriptor: Descriptor } {
  return { data: file.data, descriptor: describe(file) };
}

function describe({ data, mediaType, title, annotations }: PushedFile): Descriptor {
  const all = { ...(title === undefined ? {} : { [TITLE]: title }), ...annotations };
  return {
    mediaType: mediaType ?? 'application/octet-stream',
    digest: digestOf(data),
    size: data.byteLength,
    ...(Object.keys(all).length === 0 ? {} : { annotations: all }),
  };
}
