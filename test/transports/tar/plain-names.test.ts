import { writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { openDockerArchiveForRead } from '../../../src/transports/docker-archive/open.ts';
import { openOciArchiveForRead } from '../../../src/transports/oci-archive/store.ts';
import { encodeHeader } from '../../../src/transports/tar/header.ts';
import { NameTable, nameProblem } from '../../../src/transports/tar/plain-names.ts';
import { placesIn, stdinOf } from '../../helpers/pipes.ts';
import { tempDir } from '../../helpers/temp.ts';
import { tarOf, type TestMember } from './archives.ts';

const INDEX = '{"schemaVersion":2,"manifests":[]}';
const OCI: readonly TestMember[] = [
  { name: 'oci-layout', data: '{"imageLayoutVersion":"1.0.0"}' },
  { name: 'index.json', data: INDEX },
];
const DOCKER: readonly TestMember[] = [{ name: 'manifest.json', data: '[]' }];
const END = Buffer.alloc(1024);

async function member(name: string, data: string): Promise<Buffer> {
  const header = await encodeHeader({ name, size: data.length });
  return Buffer.concat([header, padded(data)]);
}

function padded(data: string): Buffer {
  const bytes = Buffer.alloc(Math.ceil(data.length / 512) * 512);
  bytes.write(data);
  return bytes;
}

/** A header of another type, with what stands in it. */
async function extended(flag: string, body: string): Promise<Buffer> {
  const header = Buffer.from(await encodeHeader({ name: '././@X', size: body.length }));
  header.write(flag, 156);
  header.write('        ', 148);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, padded(body)]);
}

function pax(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const length = rest.length + 2;
  return `${length}${rest}`;
}

/** The message with which both kinds of archive are refused, from a file, compressed and a pipe. */
async function refusals(data: Buffer): Promise<string[]> {
  await using dir = await tempDir();
  await writeFile(dir.join('a.tar'), data);
  await writeFile(dir.join('a.tgz'), gzipSync(data));
  const messages: string[] = [];
  for (const open of [openOciArchiveForRead, openDockerArchiveForRead]) {
    for (const place of [dir.join('a.tar'), dir.join('a.tgz'), '-']) {
      const attempt = async (): Promise<void> => {
        await using source = await open(place, placesIn(dir.path, stdinOf(data)));
        await source.resolve('v1');
      };
      const error = await attempt().then(
        () => 'nothing',
        (thrown: unknown) => thrown as { code: string; message: string },
      );
      messages.push(typeof error === 'string' ? error : `${error.code} ${error.message}`);
    }
  }
  return messages;
}

describe('two members of one name', () => {
  it.each<[string, TestMember[], string]>([
    ['spelled through a folder', [{ name: 'x/../index.json', data: INDEX }], 'plain form'],
    ['with an empty part', [{ name: 'x//index.json', data: INDEX }], 'plain form'],
    ['with a dot inside', [{ name: 'blobs/./a', data: INDEX }], 'plain form'],
    ['too long', [{ name: 'x'.repeat(5000), data: '' }], 'more than 4096 characters'],
    ['too deep', [{ name: 'x/'.repeat(40) + 'y', data: '' }], 'more than 32 parts'],
    ['above the archive', [{ name: '../index.json', data: INDEX }], 'plain form'],
    ['absolute', [{ name: '/manifest.json', data: '[]' }], 'absolute path'],
    ['with a line break', [{ name: 'index.json\n', data: INDEX }], 'control characters'],
    [
      'the same file twice',
      [
        { name: 'a', data: '1' },
        { name: './a', data: '2' },
      ],
      'two members',
    ],
    ['a second list', [{ name: 'index.json', data: INDEX }], 'two members'],
    ['a second list, as a link', [{ name: 'manifest.json', symlink: 'a' }], 'two members'],
    [
      'the list as a hard link',
      [
        { name: 'a', data: '[]' },
        { name: 'repositories', link: 'a' },
      ],
      'is a link',
    ],
    [
      'a hard link twice',
      [
        { name: 'a', data: '1' },
        { name: 'b', link: 'a' },
        { name: 'a', data: '2' },
      ],
      'two members',
    ],
    [
      'below a link to a folder',
      [
        { name: 'd', symlink: '.' },
        { name: 'd/index.json', data: INDEX },
      ],
      'below a link',
    ],
    [
      'below a link that comes later',
      [
        { name: 'd/index.json', data: INDEX },
        { name: 'd', symlink: '.' },
      ],
      'instead of a directory',
    ],
    [
      'far below a link',
      [
        { name: 'blobs', symlink: 'x' },
        { name: 'blobs/sha256/a', data: '1' },
      ],
      'below a link',
    ],
    ['a file whose name is a folder', [{ name: 'index.json/', data: INDEX }], 'ends with "/"'],
  ])('%s', async (_what, more, rule) => {
    const data = await tarOf([...OCI, ...DOCKER, ...more]);
    for (const message of await refusals(data)) {
      expect(message).toContain('CORRUPT_ARCHIVE');
      expect(message).toContain(rule);
    }
  });

  it.each<[string, () => Promise<Buffer[]>, string]>([
    [
      "GNU's and PAX's names that differ",
      async () => [await extended('L', 'a\0'), await extended('x', pax('path', 'index.json'))],
      'two headers set the "path"',
    ],
    [
      "PAX's and GNU's, the other way around",
      async () => [await extended('x', pax('path', 'index.json')), await extended('L', 'a\0')],
      'two headers set the "path"',
    ],
    [
      'two PAX headers',
      async () => [
        await extended('x', pax('path', 'index.json')),
        await extended('x', pax('mtime', '0')),
      ],
      'two headers of type "x"',
    ],
    [
      "GNU's sparse name",
      async () => [await extended('x', pax('GNU.sparse.name', 'index.json'))],
      'sparse file',
    ],
    [
      'a name for all members',
      async () => [await extended('g', pax('path', 'index.json'))],
      'sets "path"',
    ],
    [
      'records that are none',
      async () => [await extended('x', '99 path=index.json\n')],
      'malformed',
    ],
  ])('%s', async (_what, headers, rule) => {
    const list = await tarOf([...OCI, ...DOCKER]);
    const data = Buffer.concat([
      list.subarray(0, -1024),
      ...(await headers()),
      await member('b', INDEX),
      END,
    ]);
    for (const message of await refusals(data)) {
      expect(message).toContain('CORRUPT_ARCHIVE');
      expect(message).toContain(rule);
    }
  });
});

it('what tar, docker and git write is plain', () => {
  for (const name of ['', '.', 'index.json', 'blobs/sha256/ab', 'a/layer.tar', '..a/b', 'ä b'])
    expect([name, nameProblem(name)]).toEqual([name, undefined]);
  const table = new NameTable();
  expect(table.problem('aaa/layer.tar', 'file')).toBeUndefined();
  expect(table.problem('ccc/layer.tar', 'symlink')).toBeUndefined();
});
