import { pack } from 'tar-stream';

/** One member, as a test writes it by hand. */
export interface TestMember {
  readonly name: string;
  readonly data?: Uint8Array | string;
  readonly link?: string;
  readonly symlink?: string;
}

/** A tar made by another program than the code under test. */
export async function tarOf(members: readonly TestMember[]): Promise<Buffer> {
  const tar = pack();
  for (const { name, data, link, symlink } of members) {
    if (link !== undefined) tar.entry({ name, type: 'link', linkname: link });
    else if (symlink !== undefined) tar.entry({ name, type: 'symlink', linkname: symlink });
    else tar.entry({ name }, Buffer.from(data ?? ''));
  }
  tar.finalize();
  return Buffer.concat(await Array.fromAsync(tar as AsyncIterable<Uint8Array>));
}
