import type { ImageManifest } from '../oci/manifest.ts';
import type { HistoryEntry, ImageConfig } from './config.ts';

interface ReadImage {
  readonly manifest: ImageManifest;
  readonly config: ImageConfig;
}

/**
 * Whether the layers of an image begin with those of a base, and its history with the base's: a new
 * label or variable of the base changes no layer. Dates may differ, and an image may have no history.
 */
export function isBasedOn({ manifest, config }: ReadImage, base: ReadImage): boolean {
  const { layers } = base.manifest;
  if (!layers.every(({ digest }, i) => digest === manifest.layers[i]?.digest)) return false;
  const { history } = config;
  return history.length === 0 || base.config.history.every((step, i) => isSame(step, history[i]));
}

function isSame(a: HistoryEntry, b: HistoryEntry | undefined): boolean {
  return a.createdBy === b?.createdBy && a.emptyLayer === b?.emptyLayer;
}
