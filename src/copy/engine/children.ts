import { AppError } from '../../errors/app-error.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Manifest } from '../../oci/manifest.ts';
import { isForeignLayerType, isIndexType, isManifestType } from '../../oci/media-types.ts';
import { schema1Error } from '../../store/manifests.ts';
import type { WriteStore } from '../../store/types.ts';
import type { CopyRunOptions } from '../types.ts';
import { asBlob, type GraphNode } from './nodes.ts';

/** Selects which children of a manifest are copied: foreign layers only on request. */
export class GraphChildren {
  readonly #run: CopyRunOptions;
  #warned = false;

  constructor(run: CopyRunOptions) {
    this.#run = run;
  }

  /** @throws AppError UNSUPPORTED for a schema 1 image */
  of(manifest: Manifest): GraphNode[] {
    switch (manifest.kind) {
      case 'schema1':
        throw schema1Error(this.#run.source);
      case 'index':
        return manifest.manifests.map((descriptor) => ({
          descriptor,
          isManifest: isManifestType(descriptor.mediaType),
        }));
      case 'image':
        return [manifest.config, ...manifest.layers]
          .filter((layer) => !this.#isLeftOut(layer))
          .map((layer) => ({ descriptor: asBlob(layer), isManifest: false }));
    }
  }

  leftOut(manifest: Manifest): readonly Descriptor[] {
    return manifest.kind === 'image'
      ? manifest.layers.filter((layer) => this.#isLeftOut(layer))
      : [];
  }

  #isLeftOut({ mediaType }: Descriptor): boolean {
    if (this.#run.allowNondistributable === true || !isForeignLayerType(mediaType)) return false;
    if (!this.#warned) {
      this.#warned = true;
      const text = 'foreign layers are not copied: the image keeps pointing at their own addresses';
      this.#run.emit({ type: 'warning', text });
    }
    return true;
  }
}

/** Explains why a destination reports missing blobs after foreign layers were left out. */
export function foreignMissingError({ label }: WriteStore, cause: unknown): AppError {
  return new AppError(
    'UNSUPPORTED',
    `${label} accepts no image without its foreign layers, which are not copied by default`,
    { hint: 'Also copy the layers with addresses of their own: --allow-nondistributable', cause },
  );
}

/** @throws AppError UNSUPPORTED if the destination cannot hold a manifest of this type */
export function requireAccepted({ label, traits }: WriteStore, { mediaType }: Descriptor): void {
  const accepted = traits.manifestTypes;
  if (accepted === undefined || accepted.has(mediaType)) return;
  throw new AppError('UNSUPPORTED', `${label} cannot hold a manifest of type ${mediaType}`, {
    hint: isIndexType(mediaType)
      ? 'It holds single images: choose one with --platform OS/ARCH.'
      : `It holds: ${[...accepted].join(', ')}.`,
  });
}
