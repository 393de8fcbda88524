import { expect, it } from 'vitest';
import { isBasedOn } from '../../src/image/based-on.ts';
import { parseImageConfig } from '../../src/image/config.ts';
import { MEDIA_TYPE } from '../../src/oci/media-types.ts';
import { parseManifest, type ImageManifest } from '../../src/oci/manifest.ts';

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;

function image(
  layers: readonly string[],
  history: readonly string[],
  created = '2020-01-01T00:00:00Z',
) {
  const manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociManifest,
    config: { mediaType: MEDIA_TYPE.ociConfig, digest: digest('0'), size: 2 },
    layers: layers.map((letter) => ({
      mediaType: MEDIA_TYPE.ociLayerGzip,
      digest: digest(letter),
      size: 1,
    })),
  };
  const steps = history.map((step) => ({
    created,
    created_by: step,
    ...(step.startsWith('LABEL') ? { empty_layer: true } : {}),
  }));
  const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
  return {
    manifest: parseManifest(json(manifest), MEDIA_TYPE.ociManifest) as ImageManifest,
    config: parseImageConfig(json({ os: 'linux', architecture: 'amd64', history: steps })),
  };
}

const BASE = image(['a'], ['COPY a', 'LABEL base=a']);
const LATER = '2021-01-01T00:00:00Z';

it.each([
  ['the same layers and steps', image(['a', 'b'], ['COPY a', 'LABEL base=a', 'COPY b']), true],
  ['dates that differ', image(['a', 'b'], ['COPY a', 'LABEL base=a', 'COPY b'], LATER), true],
  ['no history', image(['a', 'b'], []), true],
  ['the base itself', BASE, true],
  ['another layer', image(['c', 'b'], ['COPY a', 'LABEL base=a', 'COPY b']), false],
  ['another label', image(['a', 'b'], ['COPY a', 'LABEL base=b', 'COPY b']), false],
  ['a label less', image(['a', 'b'], ['COPY a', 'COPY b']), false],
  ['fewer layers', image([], ['COPY a', 'LABEL base=a']), false],
])('an image with %s: case %#', (_what, built, expected) => {
  expect(isBasedOn(built, BASE)).toBe(expected);
});
