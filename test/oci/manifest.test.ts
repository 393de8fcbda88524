import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/oci/digest.ts';
import { childrenOf, describeManifest, parseManifest } from '../../src/oci/manifest.ts';
import { MEDIA_TYPE } from '../../src/oci/media-types.ts';
import { thrown } from '../helpers/thrown.ts';

const bytes = (value: unknown): Uint8Array =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));

const node = (name: string, mediaType: string): Record<string, unknown> => ({
  mediaType,
  digest: digestOf(Buffer.from(name)),
  size: name.length,
});
const CONFIG = node('config', MEDIA_TYPE.ociConfig);
const LAYER = node('layer', MEDIA_TYPE.ociLayerGzip);
const CHILD = node('child', MEDIA_TYPE.ociManifest);
const SUBJECT = node('subject', MEDIA_TYPE.ociManifest);

const IMAGE = {
  schemaVersion: 2,
  mediaType: MEDIA_TYPE.ociManifest,
  config: CONFIG,
  layers: [LAYER],
};
const INDEX = { schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests: [CHILD] };
const { mediaType: _image, ...UNTYPED_IMAGE } = IMAGE;
const { mediaType: _index, ...UNTYPED_INDEX } = INDEX;
const SCHEMA1 = { schemaVersion: 1, name: 'a', tag: 'b', fsLayers: [], history: [] };

type Case = [string, unknown, string | undefined, string];

describe('parseManifest', () => {
  it('reads an image and keeps its bytes', () => {
    const raw = bytes(`${JSON.stringify({ ...IMAGE, subject: SUBJECT, artifactType: 'a/b' })}\n`);
    const manifest = parseManifest(raw, MEDIA_TYPE.ociManifest);
    expect(manifest).toMatchObject({ kind: 'image', artifactType: 'a/b', subject: SUBJECT });
    expect(manifest.raw).toBe(raw);
    expect(describeManifest(manifest)).toEqual({
      mediaType: MEDIA_TYPE.ociManifest,
      digest: digestOf(raw),
      size: raw.byteLength,
    });
    // The subject may be missing where the manifest is; only the others must come first.
    expect(childrenOf(manifest)).toEqual([CONFIG, LAYER]);
  });

  it('takes annotations and unknown members in any case', () => {
    const body = { ...IMAGE, annotations: { size: '1', Size: '2' }, Extra: 1, extra: 2 };
    expect(parseManifest(bytes(body)).annotations).toEqual({ size: '1', Size: '2' });
  });

  it('reads an index', () => {
    const manifest = parseManifest(bytes(INDEX), MEDIA_TYPE.ociIndex);
    expect(manifest.kind).toBe('index');
    expect(childrenOf(manifest)).toEqual([CHILD]);
  });

  it.each([
    ['an image by its shape', UNTYPED_IMAGE, undefined, 'image', MEDIA_TYPE.ociManifest],
    ['an index by its shape', UNTYPED_INDEX, undefined, 'index', MEDIA_TYPE.ociIndex],
    [
      'an image by Content-Type',
      UNTYPED_IMAGE,
      MEDIA_TYPE.dockerManifest,
      'image',
      MEDIA_TYPE.dockerManifest,
    ],
    [
      'an image served as something unspecific',
      IMAGE,
      'application/json',
      'image',
      MEDIA_TYPE.ociManifest,
    ],
    ['an image without layers', { ...IMAGE, layers: null }, undefined, 'image', IMAGE.mediaType],
    ['an empty index of Go', { ...INDEX, manifests: null }, undefined, 'index', INDEX.mediaType],
    ['schema 1 by its shape', SCHEMA1, undefined, 'schema1', MEDIA_TYPE.dockerSchema1],
    [
      'schema 1 by Content-Type',
      SCHEMA1,
      MEDIA_TYPE.dockerSchema1Signed,
      'schema1',
      MEDIA_TYPE.dockerSchema1Signed,
    ],
  ])('reads %s', (_name, body, contentType, kind, mediaType) => {
    expect(parseManifest(bytes(body), contentType)).toMatchObject({ kind, mediaType });
  });

  it.each<Case>([
    // CVE-2021-41190: the same bytes as an index and as an image.
    ['an index with layers', { ...INDEX, layers: [LAYER] }, undefined, 'ambiguous'],
    ['an index with a config', { ...INDEX, config: CONFIG }, undefined, 'ambiguous'],
    ['an image with manifests', { ...IMAGE, manifests: [CHILD] }, undefined, 'ambiguous'],
    [
      'both, without a type',
      { ...UNTYPED_IMAGE, manifests: [CHILD] },
      undefined,
      'an index with "config" is ambiguous',
    ],
    [
      'both, typed by Content-Type',
      { ...UNTYPED_IMAGE, manifests: [CHILD] },
      MEDIA_TYPE.ociManifest,
      'ambiguous',
    ],
    ...['fsLayers', 'history', 'signatures'].flatMap((member): Case[] => [
      [`an image with ${member}`, { ...IMAGE, [member]: [] }, undefined, 'ambiguous'],
      [`an index with ${member}`, { ...INDEX, [member]: null }, undefined, 'ambiguous'],
      [
        `an image with ${member} in capitals`,
        { ...IMAGE, [member.toUpperCase()]: [] },
        undefined,
        'only in case',
      ],
    ]),
    [
      'schema 1 with layers',
      { ...SCHEMA1, layers: [LAYER] },
      MEDIA_TYPE.dockerSchema1,
      'ambiguous',
    ],
    [
      'schema 1 with Manifests',
      { ...SCHEMA1, Manifests: [CHILD] },
      MEDIA_TYPE.dockerSchema1,
      'in case',
    ],
    ['an image served as an index', IMAGE, MEDIA_TYPE.ociIndex, 'differs from the Content-Type'],
    ['an index served as an image', INDEX, MEDIA_TYPE.ociManifest, 'differs from the Content-Type'],
    ['an index served as schema 1', INDEX, MEDIA_TYPE.dockerSchema1, 'differs'],
    ['an untyped index served as schema 1', UNTYPED_INDEX, MEDIA_TYPE.dockerSchema1, 'is not 1'],
    ['schema 1 served as an image', SCHEMA1, MEDIA_TYPE.ociManifest, 'schemaVersion is not 2'],
    ['a type twice', `{"mediaType":"a/b",${JSON.stringify(IMAGE).slice(1)}`, undefined, 'twice'],
    // Go's decoder ignores case: to it these are an index and another image.
    ['a second list but for its case', { ...IMAGE, Manifests: [CHILD] }, undefined, 'only in case'],
    ['a long s for an s', { ...IMAGE, 'manife\u017fts': [CHILD] }, undefined, 'only in case'],
    [
      'a second type',
      { ...INDEX, MediaType: IMAGE.mediaType },
      undefined,
      '"mediaType" only in case',
    ],
    [
      'a child with two digests',
      { ...INDEX, manifests: [{ ...CHILD, Digest: LAYER['digest'] }] },
      undefined,
      'manifests[0]: the key "Digest"',
    ],
    [
      'a child for two platforms',
      {
        ...INDEX,
        manifests: [{ ...CHILD, platform: { os: 'linux', architecture: 'amd64', OS: 'windows' } }],
      },
      undefined,
      'the key "OS" differs',
    ],
    ['an unknown type', { ...IMAGE, mediaType: 'a/b' }, undefined, 'a/b is not a manifest type'],
    ['a type with a line break', { ...IMAGE, mediaType: 'a/b\r\nc: d' }, undefined, 'mediaType'],
    ['a type that is no text', { ...IMAGE, mediaType: null }, undefined, 'mediaType'],
    ['a page', '<html></html>', MEDIA_TYPE.ociManifest, 'HTML'],
    ['a list', '[]', undefined, 'not a JSON object'],
    ['nothing', '{}', 'text/\u001b[0m', 'text/\\x1b[0m is not a manifest type'],
    ['schemaVersion 3', { ...IMAGE, schemaVersion: 3 }, undefined, 'schemaVersion is not 2'],
    ['schemaVersion "2"', { ...IMAGE, schemaVersion: '2' }, undefined, 'schemaVersion is not 2'],
    ['layers that are no list', { ...IMAGE, layers: {} }, undefined, '"layers" is not a list'],
    ['no list of manifests', { ...INDEX, manifests: {} }, undefined, '"manifests" is not a list'],
    ['a damaged layer', { ...IMAGE, layers: [LAYER, {}] }, undefined, 'layers[1]'],
    ['a damaged config', { ...IMAGE, config: { ...CONFIG, size: -1 } }, undefined, 'config: size'],
    ['a damaged child', { ...INDEX, manifests: [null] }, undefined, 'manifests[0]'],
    ['a damaged subject', { ...IMAGE, subject: { digest: '..' } }, undefined, 'at subject'],
    [
      'inherited members',
      '{"__proto__":{"manifests":[]},"schemaVersion":2}',
      undefined,
      'its type',
    ],
    ['endless nesting', '['.repeat(200_000), undefined, 'nested deeper'],
  ])('refuses %s', (_name, body, contentType, rule) => {
    const error = thrown(() => parseManifest(bytes(body), contentType));
    expect(error.code).toBe('INVALID_MANIFEST');
    expect(error.exitStatus).toBe(5);
    expect(error.message).toContain(rule);
  });
});
