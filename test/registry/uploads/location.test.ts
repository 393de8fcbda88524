import { describe, expect, it } from 'vitest';
import { resolveUploadLocation } from '../../../src/registry/uploads/location.ts';

const secure = new URL('https://reg.example/v2/');
const secureUp = new URL('https://reg.example/v2/a/blobs/uploads/');
const port = new URL('https://reg.example:5000/v2/');
const plain = new URL('http://reg.example:5000/v2/');

describe('resolveUploadLocation', () => {
  it.each<[string, URL, string, boolean]>([
    ['/up?x=1', secure, 'https://reg.example/up?x=1', false],
    ['https://reg.example:443/up', secure, 'https://reg.example/up', false],
    ['http://reg.example/up', secure, 'https://reg.example/up', false],
    ['http://reg.example:80/up', secure, 'https://reg.example/up', false],
    ['http://reg.example:5000/up', port, 'https://reg.example:5000/up', false],
    ['http://reg.example/up', port, 'https://reg.example/up', true],
    ['https://reg.example:8443/up', secure, 'https://reg.example:8443/up', true],
    ['https://cdn.example/up', secure, 'https://cdn.example/up', true],
    ['//cdn.example/up', secure, 'https://cdn.example/up', true],
    ['https://sub.reg.example/up', secure, 'https://sub.reg.example/up', true],
    ['http://cdn.example/up', plain, 'http://cdn.example/up', true],
    ['https://reg.example:5000/up', plain, 'https://reg.example:5000/up', true],
  ])('%s at %s → %s, anonymous %s', (location, registry, href, anonymous) => {
    const answeredFrom = new URL('a/blobs/uploads/', registry);
    const target = resolveUploadLocation(location, answeredFrom, registry, 'x');
    expect(target.url.href).toBe(href);
    expect(target.anonymous).toBe(anonymous);
  });

  it('resolves against where the answer came from, which owns no credentials', () => {
    const elsewhere = new URL('https://cdn.example/v2/');
    const target = resolveUploadLocation('/up', elsewhere, secure, 'x');
    expect(target).toMatchObject({ anonymous: true, initiator: elsewhere });
    expect(target.url.href).toBe('https://cdn.example/up');
  });

  it.each([
    'http://cdn.example/up',
    'ftp://reg.example/x',
    'javascript:1',
    'https://u@reg.example/',
  ])('refuses %s', (location) => {
    expect(() => resolveUploadLocation(location, secureUp, secure, 'x')).toThrowError(
      expect.objectContaining({ code: 'TARGET_FORBIDDEN' }) as Error,
    );
  });

  it('hides what a refused URL carries', () => {
    expect(() =>
      resolveUploadLocation('http://u:hunter2@cdn.example/?sig=hunter3', secureUp, secure, 'x'),
    ).toThrowError(/^((?!hunter)[\s\S])*$/);
  });
});
