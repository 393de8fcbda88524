import type { TestImage } from '../images.ts';
import type { World } from './world.ts';

/** Puts an image into a stand-in, under some tags, past its API. */
export function fill(world: World, image: TestImage, tags: readonly string[]): void {
  const { content, standIn } = world.engine;
  for (const { descriptor, bytes } of image.nodes.values()) {
    const { mediaType, digest } = descriptor;
    const isManifest = /manifest|index/u.test(mediaType);
    if (!isManifest) content.putBlob(standIn.repository, digest, Buffer.from(bytes));
    const refs = digest === image.root.digest ? tags : [digest];
    for (const ref of isManifest ? refs : []) {
      content.putManifest(standIn.repository, ref, { type: mediaType, bytes: Buffer.from(bytes) });
    }
  }
}
