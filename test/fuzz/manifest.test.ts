import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/errors/app-error.ts';
import { parseImageConfig } from '../../src/image/config.ts';
import { isDigest } from '../../src/oci/digest.ts';
import { parseJsonStrict } from '../../src/oci/strict-json.ts';
import { childrenOf, parseManifest, type Manifest } from '../../src/oci/manifest.ts';
import { MEDIA_TYPE } from '../../src/oci/media-types.ts';
import { parseErrorBody } from '../../src/registry/errors/body.ts';
import { blob, image, index } from '../helpers/graphs.ts';
import { fuzzRuns } from './runs.ts';

const one = image({ layers: [blob('a'), blob('b')], annotations: { k: 'v' } });
const list = index([one], [{ os: 'linux', architecture: 'amd64' }]);
const documents = [one.data, list.data].map((data) => Buffer.from(data).toString());

const members = fc.constantFrom(
  ['manifests', []],
  ['Manifests', [list.manifest.kind === 'index' ? list.manifest.manifests[0] : {}]],
  ['layers', null],
  ['config', one.descriptor],
  ['CONFIG', one.descriptor],
  ['mediaType', MEDIA_TYPE.ociIndex],
  ['mediaTYPE', MEDIA_TYPE.ociManifest],
  ['schemaVersion', 2],
  ['ſchemaVersion', 1],
  ['__proto__', { manifests: [] }],
  ['constructor', { prototype: { layers: [] } }],
  ['annotations', { __proto__: 'x' }],
  ['subject', { ...one.descriptor, size: -1 }],
  ['size', 2 ** 64],
);

/** A member put in somewhere, be it for the second time. */
const grown = fc
  .tuple(fc.constantFrom(...documents), members, fc.nat(20))
  .map(([text, [name, value], place]) => {
    const opens = [...text.matchAll(/\{/gu)].map(({ index: at }) => at);
    const at = opens[place % opens.length] ?? 0;
    return `${text.slice(0, at + 1)}${JSON.stringify(name)}:${JSON.stringify(value)},${text.slice(at + 1)}`;
  });
const bent = fc
  .tuple(
    fc.constantFrom(...documents),
    fc.array(fc.tuple(fc.nat(2000), fc.string({ maxLength: 3, unit: 'binary' })), { maxLength: 4 }),
  )
  .map(([text, changes]) =>
    changes.reduce((left, [at, put]) => {
      const place = at % left.length;
      return `${left.slice(0, place)}${put}${left.slice(place + put.length)}`;
    }, text),
  );
const bytes = fc.oneof(
  grown.map((text) => Buffer.from(text)),
  bent.map((text) => Buffer.from(text)),
  fc.json({ maxDepth: 80 }).map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 100 }),
);
const type = fc.constantFrom(
  undefined,
  MEDIA_TYPE.ociIndex,
  MEDIA_TYPE.ociManifest,
  MEDIA_TYPE.dockerManifest,
  MEDIA_TYPE.dockerList,
  MEDIA_TYPE.dockerSchema1,
  'application/json',
  'text/\r\nx: y',
);

/** As a decoder that ignores case and takes the last of equal keys. */
function lenient(raw: Uint8Array): ReadonlyMap<string, unknown> {
  const body = JSON.parse(Buffer.from(raw).toString()) as Record<string, unknown>;
  return new Map(Object.entries(body).map(([name, value]) => [name.toLowerCase(), value]));
}

function parsed(raw: Uint8Array, contentType: string | undefined): Manifest | undefined {
  try {
    return parseManifest(raw, contentType);
  } catch (error) {
    expect(error).toBeInstanceOf(AppError);
    expect((error as AppError).code).toBe('INVALID_MANIFEST');
    expect((error as AppError).message).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/u);
    return undefined;
  }
}

describe('manifests', () => {
  it('of any bytes mean one thing to every reader, or are refused', () => {
    let read = 0;
    fc.assert(
      fc.property(bytes, type, (raw, contentType) => {
        const manifest = parsed(raw, contentType);
        if (manifest === undefined || manifest.kind === 'schema1') return;
        read += 1;
        const seen = lenient(raw);
        const isIndex = manifest.kind === 'index';
        expect(seen.has('manifests')).toBe(isIndex);
        if (isIndex) expect(seen.has('layers') || seen.has('config')).toBe(false);
        expect(seen.get('mediatype') ?? manifest.mediaType).toBe(manifest.mediaType);
        for (const { digest, size, mediaType } of childrenOf(manifest)) {
          expect(isDigest(digest) && Number.isSafeInteger(size) && size >= 0).toBe(true);
          expect(mediaType).toMatch(/^[!-~]+\/[!-~]+$/u);
        }
        expect(manifest.raw).toBe(raw);
      }),
      fuzzRuns(5000),
    );
    expect(read).toBeGreaterThan(0);
  });

  it('and configurations, error bodies and JSON of any kind end in a value or a coded error', () => {
    fc.assert(
      fc.property(bytes, (raw) => {
        expect(parseErrorBody(Buffer.from(raw).toString())).toBeInstanceOf(Array);
        for (const read of [
          () => parseImageConfig(raw),
          () => parseJsonStrict(raw, 'INVALID_CONFIG', 'it'),
        ]) {
          try {
            read();
          } catch (error) {
            expect(error).toBeInstanceOf(AppError);
          }
        }
        expect(({} as Record<string, unknown>)['layers']).toBeUndefined();
      }),
      fuzzRuns(2000),
    );
  });
});
