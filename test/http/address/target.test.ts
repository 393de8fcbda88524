import { describe, expect, it } from 'vitest';
import { classifyAddress, classifyHost } from '../../../src/http/address/class.ts';
import { checkTarget } from '../../../src/http/address/target.ts';

const check =
  (from: string, to: string): (() => void) =>
  () =>
    checkTarget(new URL(from), new URL(to));

const known = (name: string): 'private' | undefined =>
  name === 'registry.corp' ? 'private' : undefined;

describe('checkTarget', () => {
  it.each([
    'https://169.254.169.254/latest/meta-data',
    'https://[::ffff:169.254.169.254]/',
    'https://[::ffff:a9fe:a9fe]/',
    'https://[::127.0.0.1]/',
    'https://[64:ff9b::10.0.0.1]/',
    'https://[64:ff9b:1::a00:1]/',
    'https://[2002:7f00:1::]/',
    'https://[fd00:ec2::254]/',
    'https://[fe80::1]/',
    'https://[::1]/',
    'https://[::]/',
    'https://0.0.0.0/',
    'https://0/',
    'https://2130706433/',
    'https://0x7f000001/',
    'https://0177.0.0.1/',
    'https://127.1/',
    'https://127.0.0.1./',
    'https://10.1.2.3/',
    'https://172.31.0.1/',
    'https://192.168.0.1/',
    'https://100.100.100.200/',
    'https://localhost/',
    'https://localhost./',
    'https://LOCALHOST../',
    'https://a.localhost/',
    'https://255.255.255.255/',
  ])('refuses a public host the target %s', (to) => {
    expect(check('https://registry.example/v2/', to)).toThrow(
      expect.objectContaining({ code: 'TARGET_FORBIDDEN' }) as Error,
    );
  });

  it.each([
    ['https://registry.example/', 'http://registry.example/'],
    ['https://registry.example/', 'http://cdn.example/'],
    ['https://127.0.0.1:5000/', 'http://127.0.0.1:5001/'],
    ['https://registry.example/', 'file:///etc/passwd'],
    ['https://registry.example/', 'data:text/plain,x'],
    ['http://10.0.0.1/', 'http://127.0.0.1/'],
    ['http://10.0.0.1/', 'http://169.254.169.254/'],
    ['http://localhost:5000/', 'http://169.254.169.254/'],
    ['http://localhost:5000/', 'http://0.0.0.0/'],
  ])('refuses %s the target %s', (from, to) => {
    expect(check(from, to)).toThrow(expect.objectContaining({ code: 'TARGET_FORBIDDEN' }) as Error);
  });

  it.each([
    ['https://registry.example/', 'https://cdn.example/'],
    ['https://registry.example/', 'https://8.8.8.8/'],
    ['http://registry.example/', 'https://registry.example/'],
    ['http://127.0.0.1:5000/', 'http://localhost:5001/'],
    ['http://localhost:5000/', 'http://10.0.0.1/'],
    ['http://10.0.0.1/', 'http://10.0.0.2/'],
    ['http://10.0.0.1/', 'https://cdn.example/'],
    ['https://169.254.1.1/', 'https://169.254.1.1:8443/'],
  ])('lets %s point at %s', (from, to) => {
    expect(check(from, to)).not.toThrow();
  });

  it('lets a name that was dialled at a private address point at another', () => {
    expect(() =>
      checkTarget(new URL('http://registry.corp/'), new URL('http://10.0.0.2/'), known),
    ).not.toThrow();
    expect(() =>
      checkTarget(new URL('http://registry.corp/'), new URL('http://127.0.0.1/'), known),
    ).toThrow('loopback');
  });
});

describe('classifyAddress', () => {
  it.each([
    ['8.8.8.8', 'public'],
    ['2001:4860:4860::8888', 'public'],
    ['::ffff:8.8.8.8', 'public'],
    ['fe80::1%eth0', 'special'],
    ['fc00::1', 'private'],
    ['no address', 'special'],
  ])('%s is %s', (address, expected) => {
    expect(classifyAddress(address)).toBe(expected);
  });

  it('leaves names to DNS', () => {
    expect(classifyHost('registry.example')).toBeUndefined();
    expect(classifyHost('notlocalhost')).toBeUndefined();
  });
});
