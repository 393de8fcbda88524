import { describe, expect, it } from 'vitest';
import { parseJsonStrict } from '../../src/oci/strict-json.ts';
import { thrown } from '../helpers/thrown.ts';

const read = (text: string): unknown =>
  parseJsonStrict(Buffer.from(text), 'INVALID_CONFIG', 'config');

describe('parseJsonStrict', () => {
  it('reads what JSON allows', () => {
    const text = '{"a":[1,{"b":"}\\"]{"}],"c":{"a":null}, "d" : "a", "e":["a","a"]}';
    expect(JSON.stringify(read(text))).toBe(JSON.stringify(JSON.parse(text)));
  });

  it.each([
    ['{"a":1,"a":2}', 'the key "a" appears twice'],
    ['{"a":1,"\\u0061":2}', 'the key "a" appears twice'],
    ['[{"x":{"a":1,"b":[{}],"a" \n:2}}]', 'the key "a" appears twice'],
    ['{"__proto__":1,"__proto__":2}', 'the key "__proto__" appears twice'],
    ['{"\\u001b":1,"\\u001b":2}', 'the key "\\x1b" appears twice'],
    ['<html><script>{"a":1,"a":2}</script>', 'it looks like an HTML page, not JSON'],
    ['\n <!doctype html>', 'it looks like an HTML page, not JSON'],
    ['', 'it is empty'],
    [' \n', 'it is empty'],
    ['{"a":1', 'it is not valid JSON'],
    ['{"a":1}{', 'it is not valid JSON'],
    ['"\\', 'it is not valid JSON'],
    ['Not Found', 'it is not valid JSON'],
  ])('refuses %j', (text, rule) => {
    const error = thrown(() => read(text));
    expect(error.code).toBe('INVALID_CONFIG');
    expect(error.message).toBe(`invalid config: ${rule}`);
  });

  it.each([
    ['UTF-16', Buffer.from('{}', 'utf16le').subarray(0, 3), 'it is not valid JSON'],
    ['a lone continuation byte', Buffer.from([0x22, 0x80, 0x22]), 'it is not UTF-8 text'],
    ['an overlong slash', Buffer.from([0x22, 0xc0, 0xaf, 0x22]), 'it is not UTF-8 text'],
  ])('refuses %s', (_name, bytes, rule) => {
    const error = thrown(() => parseJsonStrict(bytes, 'INVALID_CONFIG', 'config'));
    expect(error.message).toContain(rule);
  });

  it('quotes nothing of a text that is no JSON: a token server may answer with the bare token', () => {
    const error = thrown(() => read('s3cret.token.text'));
    expect(`${error.message} ${String(error.cause)}`).not.toContain('s3cret');
  });

  it('bounds the depth before anything recurses', () => {
    const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;
    expect(read(nested(64))).toBeInstanceOf(Array);
    for (const text of [nested(65), nested(1_000_000), '{"a":'.repeat(100_000)]) {
      expect(thrown(() => read(text)).message).toContain('nested deeper than 64 levels');
    }
  });

  it('keeps __proto__ as data and the prototypes of all objects clean', () => {
    const value = read('{"a":{"__proto__":{"polluted":true}}}') as { a: object };
    expect(Object.getPrototypeOf(value)).toBeNull();
    expect(Object.getPrototypeOf(value.a)).toBeNull();
    expect(Object.keys(value.a)).toEqual(['__proto__']);
    expect('polluted' in value.a).toBe(false);
    expect('polluted' in {}).toBe(false);
  });
});
