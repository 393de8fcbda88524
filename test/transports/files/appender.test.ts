import { mkdtemp, open, readFile, rm, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { AppError } from '../../../src/errors/app-error.ts';
import { Appender } from '../../../src/transports/files/appender.ts';
import { createLimiter } from '../../../src/util/limiter.ts';

const MIB = 1024 * 1024;

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'regctl-append-'));
  path = join(folder, 'file');
});
afterEach(() => rm(folder, { recursive: true }));

/** A real file that writes down what is asked of it, and does what `instead` says in its place. */
async function watched(
  instead: Partial<Pick<FileHandle, 'writev' | 'datasync' | 'sync'>> = {},
): Promise<{ file: FileHandle; asked: string[] }> {
  const asked: string[] = [];
  const real = await open(path, 'wx+');
  const file = new Proxy(real, {
    get(target, name: string) {
      const own: unknown = Reflect.get(instead, name) ?? Reflect.get(target, name);
      if (typeof own !== 'function') return own;
      return (...args: unknown[]): unknown => {
        asked.push(name);
        return Reflect.apply(own, target, args);
      };
    },
  });
  return { file, asked };
}

const appender = (file: FileHandle): Appender => new Appender(file, path, createLimiter(1));

const refused = (code: string): (() => Promise<never>) => {
  const error = Object.assign(new Error(code), { code });
  return () => Promise.reject(error);
};

const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no error',
    (error: unknown) => (error instanceof AppError ? error.code : error),
  );

it('writes what it is given, in order, the small as one', async () => {
  const { file, asked } = await watched();
  const out = appender(file);
  const chunks = Array.from({ length: 1000 }, (_, at) => Buffer.from(`${at},`));
  for (const chunk of chunks) await out.write(chunk);
  await out.sync();
  await out.close();
  expect(await readFile(path)).toEqual(Buffer.concat(chunks));
  expect(asked.filter((name) => name === 'writev').length).toBeLessThan(100);
  expect(asked.slice(-2)).toEqual(['sync', 'close']);
});

it('goes on where a write of the system stopped short', async () => {
  const real = await open(path, 'wx+');
  const short: FileHandle['writev'] = async (buffers, position) => {
    const [first = new Uint8Array()] = buffers as readonly Uint8Array[];
    const { bytesWritten } = await real.write(first, 0, Math.min(3, first.byteLength), position);
    return { bytesWritten, buffers };
  };
  const file = new Proxy(real, {
    get: (target, name: string) => {
      const own: unknown = name === 'writev' ? short : Reflect.get(target, name);
      return typeof own === 'function' ? own.bind(target) : own;
    },
  });
  const out = appender(file);
  for (const text of ['some ', 'more', ' content']) await out.write(Buffer.from(text));
  await out.sync();
  await out.close();
  expect(await readFile(path, 'utf8')).toBe('some more content');
});

it('sends a long file to the disk as it comes', async () => {
  const { file, asked } = await watched();
  const out = appender(file);
  const chunk = Buffer.alloc(MIB, 7);
  for (let count = 0; count < 80; count += 1) await out.write(chunk);
  await out.sync();
  await out.close();
  expect(asked.indexOf('datasync')).toBeGreaterThan(0);
  expect(asked.indexOf('datasync')).toBeLessThan(asked.lastIndexOf('writev'));
  expect((await readFile(path)).byteLength).toBe(80 * MIB);
});

it('takes back what was not meant to be', async () => {
  const { file } = await watched();
  const out = appender(file);
  await out.write(Buffer.from('kept, gone'));
  await out.truncate(4);
  await out.write(Buffer.from('!'));
  await out.sync();
  await out.close();
  expect(await readFile(path, 'utf8')).toBe('kept!');
});

it('fails for good when a write failed, at the latest when it is asked to finish', async () => {
  const { file, asked } = await watched({ writev: refused('ENOSPC') });
  const out = appender(file);
  await out.write(Buffer.from('first'));
  expect(await codeOf(out.sync())).toBe('NO_SPACE');
  expect(await codeOf(out.write(Buffer.from('second')))).toBe('NO_SPACE');
  expect(await codeOf(out.truncate(0))).toBe('NO_SPACE');
  expect(asked).not.toContain('sync');
  await out.close();
});

it('remembers that an early sync failed: the disk would not say so again', async () => {
  const { file } = await watched({ datasync: refused('EIO') });
  const out = appender(file);
  const all = async (): Promise<void> => {
    for (let count = 0; count < 40; count += 1) await out.write(Buffer.alloc(MIB));
    await out.sync();
  };
  expect(await codeOf(all())).toBe('IO');
  await out.close();
});

it('closes the file only when nothing is under way in it', async () => {
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const { file, asked } = await watched({
    writev: async (buffers) => {
      await held;
      const all = buffers as readonly Uint8Array[];
      return { bytesWritten: all.reduce((sum, one) => sum + one.byteLength, 0), buffers };
    },
  });
  const out = appender(file);
  await out.write(Buffer.from('under way'));
  const closing = out.close();
  expect(asked).toEqual(['writev']);
  release();
  await closing;
  expect(asked).toEqual(['writev', 'close']);
});

it.each([100, 300_000])('leaves the memory of a chunk of %i bytes to its writer', async (size) => {
  const { file } = await watched();
  const out = appender(file);
  const memory = Buffer.alloc(size);
  const letters = ['a', 'b', 'c', 'd'];
  for (const letter of letters) await out.write(memory.fill(letter));
  memory.fill('z');
  await out.sync();
  await out.close();
  expect(await readFile(path, 'utf8')).toBe(letters.map((one) => one.repeat(size)).join(''));
});
