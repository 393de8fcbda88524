import { describe, expect, it } from 'vitest';
import { parseDescriptor } from '../../src/oci/descriptor.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { MEDIA_TYPE } from '../../src/oci/media-types.ts';
import { thrown } from '../helpers/thrown.ts';

const CONTENT = Buffer.from('{}');
const GOOD = { mediaType: MEDIA_TYPE.ociConfig, digest: digestOf(CONTENT), size: 2 };

describe('parseDescriptor', () => {
  it('keeps what it knows and drops what it does not', () => {
    const full = {
      ...GOOD,
      platform: { os: 'linux', architecture: 'arm', variant: 'v7', 'os.features': ['x', 1] },
      annotations: { a: 'b', number: 1 },
      artifactType: 'application/x',
      urls: ['https://example.com/x', 7],
      data: CONTENT.toString('base64'),
    };
    const read = parseDescriptor({ ...full, surprise: true }, 'config');
    expect(read).toEqual({
      ...full,
      platform: { os: 'linux', architecture: 'arm', variant: 'v7', 'os.features': ['x'] },
      annotations: Object.assign(Object.create(null) as object, { a: 'b' }),
      urls: ['https://example.com/x'],
    });
  });

  it.each([
    [undefined, 'not an object'],
    [null, 'not an object'],
    [[GOOD], 'not an object'],
    [{ ...GOOD, digest: 'sha256:../../etc/passwd' }, 'digest'],
    [{ ...GOOD, digest: GOOD.digest.toUpperCase() }, 'digest'],
    [{ ...GOOD, digest: `${GOOD.digest}0` }, 'digest'],
    [{ ...GOOD, digest: [GOOD.digest] }, 'digest'],
    [{ ...GOOD, size: -1 }, 'size'],
    [{ ...GOOD, size: 1.5 }, 'size'],
    [{ ...GOOD, size: 2 ** 53 }, 'size'],
    [{ ...GOOD, size: Infinity }, 'size'],
    [{ ...GOOD, size: '2' }, 'size'],
    [{ mediaType: GOOD.mediaType, digest: GOOD.digest }, 'size'],
    [{ ...GOOD, mediaType: '' }, 'mediaType'],
    [{ ...GOOD, mediaType: 'text/html\r\nX-Evil: 1' }, 'mediaType'],
    [{ ...GOOD, mediaType: 'text/html; charset=utf-8' }, 'mediaType'],
    [{ ...GOOD, data: Buffer.from('[]').toString('base64') }, 'data'],
    [{ ...GOOD, data: Buffer.from('{} ').toString('base64') }, 'data'],
    [{ ...GOOD, size: 3, data: CONTENT.toString('base64') }, 'data'],
    [{ ...GOOD, data: '' }, 'data'],
  ])('refuses %j', (value, rule) => {
    const error = thrown(() => parseDescriptor(value, 'layers[2]'));
    expect(error.code).toBe('INVALID_MANIFEST');
    expect(error.message).toContain('layers[2]');
    expect(error.message).toContain(rule);
  });

  it('takes annotations named like object internals as plain data', () => {
    const evil = JSON.parse('{"__proto__":"x","constructor":"y","toString":"z"}') as unknown;
    const { annotations = {} } = parseDescriptor({ ...GOOD, annotations: evil }, 'config');
    expect(Object.getPrototypeOf(annotations)).toBeNull();
    expect(Object.keys(annotations)).toEqual(['__proto__', 'constructor', 'toString']);
  });

  it('ignores a platform that does not say what it is', () => {
    expect(parseDescriptor({ ...GOOD, platform: { os: 'linux' } }, 'm').platform).toBeUndefined();
  });
});
