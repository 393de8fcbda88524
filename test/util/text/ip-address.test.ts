import { isIP as isAnyIP, isIPv6 as isAnyIPv6 } from 'node:net';
import { expect, it } from 'vitest';
import { isIP, isIPv6 } from '../../../src/util/text/ip-address.ts';

it.each([
  '127.0.0.1',
  '127.0.0.1:80',
  '::1',
  '::',
  ':',
  '',
  'a:b',
  'fe80::1%eth0',
  '::ffff:1.2.3.4',
  '1.2.3',
  'localhost',
  '[::1]',
  '2001:db8::1:2',
])('%j is what node:net says', (text) => {
  expect([isIP(text), isIPv6(text)]).toEqual([isAnyIP(text), isAnyIPv6(text)]);
});
