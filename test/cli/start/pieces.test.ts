import { createRequire } from 'node:module';
import type * as Tls from 'node:tls';
import type * as Zlib from 'node:zlib';
import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { lazyBuiltins } from '../../../src/cli/start/lazy-builtins.ts';
import {
  createBundleChunks,
  type CompiledChunks,
  type BundleChunks,
} from '../../../src/cli/start/pieces.ts';
import { tempDir, type TempDir } from '../../helpers/temp.ts';

const require = createRequire(import.meta.url);

async function bundle(pieces: Readonly<Record<string, string>>): Promise<TempDir> {
  const dir = await tempDir();
  await Promise.all(Object.entries(pieces).map(([name, text]) => writeFile(dir.join(name), text)));
  return dir;
}

const piecesIn = (dir: TempDir, code: ReadonlyMap<string, Buffer> = new Map()): BundleChunks => {
  const compiled: CompiledChunks = { get: (piece) => code.get(piece) };
  const load = async (name: string): Promise<unknown> => import(name);
  return createBundleChunks({ folder: dir.path, compiled, require, import: load });
};

const readiness = ({ loaded }: BundleChunks): Record<string, boolean> =>
  Object.fromEntries([...loaded].map(([piece, { ready }]) => [piece, ready]));

describe('pieces', () => {
  it('run once, and load each other and what Node has', async () => {
    await using dir = await bundle({
      'a.cjs': `exports.b = require('./b.cjs'); exports.again = require('./b.cjs');`,
      'b.cjs': `exports.sep = require('node:path').sep; exports.file = __filename;`,
    });
    const chunks = piecesIn(dir);
    const a = chunks.load('a.cjs') as { b: { sep: string; file: string }; again: unknown };
    expect(a.b.sep).toBe('/');
    expect(a.b.file).toBe(dir.join('b.cjs'));
    expect(a.again).toBe(a.b);
    expect(chunks.load('a.cjs')).toBe(a);
  });

  it('import packages as Node does', async () => {
    await using dir = await bundle({ 'a.cjs': `exports.path = require.import('node:path');` });
    const { path } = piecesIn(dir).load('a.cjs') as { path: Promise<{ sep: string }> };
    expect((await path).sep).toBe('/');
  });

  it('may ask for each other in a circle', async () => {
    await using dir = await bundle({
      'a.cjs': `exports.early = 1; exports.b = require('./b.cjs');`,
      'b.cjs': `exports.seen = require('./a.cjs').early;`,
    });
    expect(piecesIn(dir).load('a.cjs')).toEqual({ early: 1, b: { seen: 1 } });
  });

  it('name their own file and line where they throw', async () => {
    await using dir = await bundle({ 'a.cjs': `\n\nthrow new Error('here');` });
    let stack = '';
    try {
      piecesIn(dir).load('a.cjs');
    } catch (error) {
      stack = (error as Error).stack ?? '';
    }
    expect(stack).toContain(`${dir.join('a.cjs')}:3:7`);
  });

  it('use the code that an earlier run compiled, until the flags change', async () => {
    await using dir = await bundle({
      'a.cjs': `exports.double = (n) => n * 2; exports.later = () => require('./b.cjs');`,
      'b.cjs': `exports.three = 3;`,
    });
    const first = piecesIn(dir);
    const { double } = first.load('a.cjs') as { double: (n: number) => number };
    expect(double(4)).toBe(8);
    first.load('b.cjs');
    expect(readiness(first)).toEqual({ 'a.cjs': false, 'b.cjs': false });
    const code = new Map(
      [...first.loaded].map(([n, { script }]) => [n, script.createCachedData()]),
    );

    const second = piecesIn(dir, code);
    const again = second.load('a.cjs') as typeof first & {
      double: typeof double;
      later(): unknown;
    };
    expect(again.double(5)).toBe(10);
    second.settle();
    expect(again.later()).toEqual({ three: 3 });
    expect(readiness(second)).toEqual({ 'a.cjs': true });
  });

  it('compile what the code of another text does not fit', async () => {
    await using dir = await bundle({ 'a.cjs': `exports.value = 'old';` });
    const first = piecesIn(dir);
    first.load('a.cjs');
    const code = new Map(
      [...first.loaded].map(([n, { script }]) => [n, script.createCachedData()]),
    );
    await writeFile(dir.join('a.cjs'), `exports.value = 'newer';`);
    const second = piecesIn(dir, code);
    expect(second.load('a.cjs')).toEqual({ value: 'newer' });
    expect(readiness(second)).toEqual({ 'a.cjs': false });
  });
});

describe('lazy builtins', () => {
  it('loads a heavy module when something of it is used, and others at once', () => {
    const asked: string[] = [];
    const load = lazyBuiltins((name) => {
      asked.push(name);
      return require(name) as unknown;
    });
    load('node:path');
    const tls = load('node:tls') as typeof Tls;
    expect(load('node:tls')).toBe(tls);
    expect(asked).toEqual(['node:path']);
    expect(tls.rootCertificates.length).toBeGreaterThan(10);
    expect('connect' in tls).toBe(true);
    expect(asked).toContain('node:tls');
  });

  it('can be listed and copied like the module itself', () => {
    const load = lazyBuiltins((name) => require(name) as unknown);
    const zlib = load('node:zlib') as typeof Zlib;
    expect(Object.keys({ ...zlib })).toEqual(Object.keys({ ...(require('node:zlib') as object) }));
    expect({ ...zlib }.gunzipSync({ ...zlib }.gzipSync('a')).toString()).toBe('a');
  });
});
