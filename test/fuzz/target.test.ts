import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classifyAddress } from '../../src/http/address/class.ts';
import { checkTarget } from '../../src/http/address/target.ts';
import { fuzzRuns } from './runs.ts';

const FROM = new URL('https://registry.example/v2/');
const byte = fc.nat(255);
const inner = fc.oneof(
  fc.tuple(fc.constant(10), byte, byte, byte),
  fc.tuple(fc.constant(127), byte, byte, byte),
  fc.tuple(fc.constant(0), byte, byte, byte),
  fc.tuple(fc.constant(169), fc.constant(254), byte, byte),
  fc.tuple(fc.constant(192), fc.constant(168), byte, byte),
  fc.tuple(fc.constant(172), fc.integer({ min: 16, max: 31 }), byte, byte),
  fc.tuple(fc.constant(100), fc.integer({ min: 64, max: 127 }), byte, byte),
  fc.tuple(fc.integer({ min: 224, max: 255 }), byte, byte, byte),
);
type Quad = readonly [number, number, number, number];

const hex = (value: number): string => value.toString(16);
const whole = ([a, b, c, d]: Quad): number => ((a * 256 + b) * 256 + c) * 256 + d;
const groups = ([a, b, c, d]: Quad): string => `${hex(a * 256 + b)}:${hex(c * 256 + d)}`;

/** Every way in which a URL can name an IPv4 address. */
const SPELLINGS: Readonly<Record<string, (quad: Quad) => string>> = {
  dotted: (quad) => quad.join('.'),
  'with a dot behind it': (quad) => `${quad.join('.')}.`,
  'in one number': (quad) => String(whole(quad)),
  'in one hexadecimal number': (quad) => `0x${hex(whole(quad))}`,
  'in one octal number': (quad) => `0${whole(quad).toString(8)}`,
  'in octal parts': (quad) => quad.map((one) => `0${one.toString(8)}`).join('.'),
  'in hexadecimal parts': (quad) => quad.map((one) => `0x${hex(one)}`).join('.'),
  'in two parts': ([a, b, c, d]) => `${a}.${(b * 256 + c) * 256 + d}`,
  'in wide digits': (quad) =>
    quad.join('.').replace(/\d/gu, (digit) => String.fromCodePoint(0xff10 + Number(digit))),
  percented: (quad) => quad.join('%2e'),
  mapped: (quad) => `[::ffff:${quad.join('.')}]`,
  'mapped in groups': (quad) => `[::ffff:${groups(quad)}]`,
  'mapped without a short form': (quad) => `[0:0:0:0:0:ffff:${groups(quad)}]`,
  'behind NAT64': (quad) => `[64:ff9b::${groups(quad)}]`,
  'behind a NAT64 of the network': (quad) => `[64:ff9b:1::${groups(quad)}]`,
  'behind 6to4': (quad) => `[2002:${groups(quad)}::1]`,
  translated: (quad) => `[::ffff:0:${groups(quad)}]`,
};

describe('targets, fuzzed', () => {
  it.each(Object.entries(SPELLINGS))('no inner address gets through %s', (_how, spell) => {
    fc.assert(
      fc.property(inner, fc.integer({ min: 1, max: 65_535 }), (quad, port) => {
        const to = new URL(`https://${spell(quad)}:${port}/x`);
        expect(() => checkTarget(FROM, to)).toThrow(
          expect.objectContaining({ code: 'TARGET_FORBIDDEN' }) as Error,
        );
      }),
      fuzzRuns(100),
    );
  });

  it('any text has a class, and what is no address is none to dial', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV6(), fc.ipV4(), fc.string({ maxLength: 20 })), (text) => {
        expect(['public', 'private', 'loopback', 'special']).toContain(classifyAddress(text));
      }),
      fuzzRuns(1000),
    );
  });
});
