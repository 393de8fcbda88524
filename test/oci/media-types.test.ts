import { describe, expect, it } from 'vitest';
import {
  isForeignLayerType,
  isManifestType,
  isMediaType,
  MANIFEST_ACCEPT,
  MEDIA_TYPE,
} from '../../src/oci/media-types.ts';

describe('media types', () => {
  it('fit into a header', () => {
    for (const known of Object.values(MEDIA_TYPE)) expect(isMediaType(known)).toBe(true);
    for (const bad of ['', 'a', 'a/', '/b', 'a/b/c', 'a/b c', 'a/b\n', 'a/b\r\nX: y', 'ä/b']) {
      expect(isMediaType(bad)).toBe(false);
    }
    expect(isMediaType(`a/${'b'.repeat(128)}`)).toBe(false);
  });

  it('are asked for exactly where they are manifests', () => {
    const asked = MANIFEST_ACCEPT.split(', ');
    expect(asked.toSorted()).toEqual(
      Object.values(MEDIA_TYPE)
        .filter((type) => isManifestType(type))
        .toSorted(),
    );
  });

  it('tell layers that registries do not store', () => {
    expect(isForeignLayerType(MEDIA_TYPE.dockerForeignLayer)).toBe(true);
    expect(isForeignLayerType('application/vnd.oci.image.layer.nondistributable.v1.tar+gzip')).toBe(
      true,
    );
    expect(isForeignLayerType(MEDIA_TYPE.ociLayerGzip)).toBe(false);
  });
});
