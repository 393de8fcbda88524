import { Buffer } from 'node:buffer';

/** An ELF program for x86-64 that prints a line: no compiler is needed, and no library. */
export function programThatPrints(line: string): Uint8Array {
  const [base, headers] = [0x40_0000, 0x78];
  const text = Buffer.from(line);
  const code = Buffer.from(
    'b801000000bf0100000048be0000000000000000ba000000000f05b83c00000031ff0f05',
    'hex',
  );
  code.writeBigUInt64LE(BigInt(base + headers + code.byteLength), 12);
  code.writeUInt32LE(text.byteLength, 21);
  const out = Buffer.alloc(headers);
  out.write('\u007fELF\u0002\u0001\u0001', 0, 'latin1');
  for (const [at, value] of [
    [16, 2],
    [18, 62],
    [52, 64],
    [54, 56],
    [56, 1],
  ] as const)
    out.writeUInt16LE(value, at);
  for (const [at, value] of [
    [20, 1],
    [64, 1],
    [68, 5],
  ] as const)
    out.writeUInt32LE(value, at);
  const size = headers + code.byteLength + text.byteLength;
  for (const [at, value] of [
    [24, base + headers],
    [32, 64],
    [80, base],
    [88, base],
    [96, size],
    [104, size],
    [112, 0x1000],
  ] as const)
    out.writeBigUInt64LE(BigInt(value), at);
  return Buffer.concat([out, code, text]);
}
