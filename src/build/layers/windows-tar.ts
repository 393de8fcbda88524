import { impliedDirectory, isEntry, type TarEntry } from '../../image/tar/entry.ts';
import { TarReader } from '../../image/tar/reader.ts';
import { encodeEntry, END_BYTES, padding, type PaxRecord } from '../../image/tar/writer.ts';
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
    yield encodeEntry(folder, { ...impliedDirectory(0), mode: 0o555 });
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
        yield encodeEntry(`Files/${event.path}`, event.inode, link, OWNER);
      } else yield Uint8Array.from(event);
    }
  }
  reader.finish();
  yield end();
  yield END_BYTES;
}

function* zeros(count: number): Iterable<Uint8Array> {
  const block = new Uint8Array(Math.min(count, 64 * 1024));
  for (let left = count; left > 0; left -= block.byteLength) yield block.subarray(0, left);
}
