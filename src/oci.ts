/** The data model of the OCI specifications: digests, descriptors, manifests, platforms. */
export { REQUIRED_NODE } from './node-version.ts';
export type { Descriptor } from './oci/descriptor.ts';
export { digestOf, isDigest, parseDigest, type Algorithm, type Digest } from './oci/digest.ts';
export {
  childrenOf,
  describeManifest,
  parseManifest,
  type ImageManifest,
  type IndexManifest,
  type Manifest,
  type Schema1Manifest,
} from './oci/manifest.ts';
export { MEDIA_TYPE } from './oci/media-types.ts';
export {
  formatPlatform,
  matchesPlatform,
  parsePlatform,
  parsePlatforms,
  type Platform,
} from './oci/platform.ts';
