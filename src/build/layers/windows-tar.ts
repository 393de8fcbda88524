import type { ByteText } from '../../image/tar/byte-text.ts';
import { impliedDirectory, isEntry, type Inode, type TarEntry } from '../../image/tar/entry.ts';
import { BLOCK_BYTES } from '../../image/tar/header.ts';
import { TarReader } from '../../image/tar/reader.ts';
import { encodeEntry, END_BYTES, padding, sign, type PaxRecord } from '../../image/tar/writer.ts';
import type { Bytes } from '../../util/bytes.ts';

/**
 * The security descriptor of a file that all users may read, as BuildKit and crane write it: without
 * one, Windows lets only administrators into the file (hcsshim, "MSWINDOWS.rawsd").
 */
const OWNER: readonly PaxRecord[] = [
  ['MSWINDOWS.rawsd', 'AQAAgBQAAAAkAAAAAAAAAAAAAAABAgAAAAAABSAAAAAhAgAAAQIAAAAAAAUgAAAAIQIAAA=='],
];

const FOLDERS = ['Files', 'Hives'] as const;

/** Whether a tar has the form of a Windows layer already. */
export function isWindowsPath(path: string): boolean {
  return FOLDERS.some((folder) => path === folder || path.startsWith(`${folder}/`));
}

/** The tar of a Windows layer: the files below `Files/`, next to an empty `Hives/`. */
export async function* windowsTar(tar: Bytes): Bytes {
  for (const folder of FOLDERS) {
    const block = Buffer.from(encodeEntry(folder, { ...impliedDirectory(0), mode: 0o555 }));
    rename(block, folder);
    yield block;
  }
  const reader = new TarReader(() => true);
  let open: TarEntry | undefined;
  const end = (): Uint8Array =>
    padding(open === undefined || open.hardLink !== undefined ? 0 : open.inode.size);
  for await (const chunk of tar) {
    for (const event of reader.push(chunk)) {
      if (typeof event === 'number') yield* zeros(event);
      else if (isEntry(event)) {
        yield end();
        open = event;
        if (event.path === '') continue;
        const link = event.hardLink === undefined ? undefined : `Files/${event.hardLink}`;
        yield windowsEntry(`Files/${event.path}`, event.inode, link);
      } else yield Uint8Array.from(event);
    }
  }
  reader.finish();
  yield end();
  yield END_BYTES;
}

/** The headers of an entry as crane writes them, so that the same files give the same digest. */
function windowsEntry(path: ByteText, inode: Inode, link: ByteText | undefined): Uint8Array {
  const bytes = Buffer.from(encodeEntry(path, inode, link, OWNER));
  const slash = path.lastIndexOf('/');
  const extended = bytes.subarray(0, BLOCK_BYTES);
  extended.write('0000000', MODE_AT, 'latin1');
  rename(extended, `${path.slice(0, slash)}/PaxHeaders.0/${path.slice(slash + 1)}`);
  rename(bytes.subarray(bytes.byteLength - BLOCK_BYTES), path);
  return bytes;
}

const NAME_BYTES = 100;
const MODE_AT = 100;
const CHECKSUM_AT = 148;

/** Replaces the name in a header block; Go writes directories without a slash at the end. */
function rename(block: Buffer, name: ByteText): void {
  block.fill(0, 0, NAME_BYTES);
  block.write(name.slice(0, NAME_BYTES), 0, 'latin1');
  block.fill(0, CHECKSUM_AT, CHECKSUM_AT + 8);
  sign(block);
}

function* zeros(count: number): Iterable<Uint8Array> {
  const block = new Uint8Array(Math.min(count, 64 * 1024));
  for (let left = count; left > 0; left -= block.byteLength) yield block.subarray(0, left);
}
