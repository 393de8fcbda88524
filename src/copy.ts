/** Copies of images between stores, and views of images. */
export { REQUIRED_NODE } from './node-version.ts';
export { copyImage } from './copy/copy-image.ts';
export {
  copyTags,
  type CopyTagsOptions,
  type TagOutcome,
  type TagsSummary,
} from './copy/copy-tags.ts';
export { createDryRunStore, type DryRunStore } from './copy/dry-run.ts';
export type { ImageOutcome } from './copy/session.ts';
export type {
  CopyCounts,
  CopyEvent,
  CopyOptions,
  CopyRunOptions,
  CopySummary,
  ImageRequest,
} from './copy/types.ts';
export type { HistoryEntry, ImageConfig } from './image/config.ts';
export { createConvertedStore } from './image/convert/store.ts';
export type { ConvertOptions, ManifestFormat } from './image/convert/types.ts';
export { openImage, type ImageView, type ViewOptions } from './image/view.ts';
export type { PlatformEntry } from './store/platforms.ts';
export type { Limiter } from './util/limiter.ts';
export type { Temporaries } from './util/temporaries.ts';
