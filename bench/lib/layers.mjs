// An image of many files: layers like those of real images, which gzip makes 2.6 times smaller.
import { createHash, randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';

const TYPES = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
};
const digestOf = (bytes) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** `size` is about what the layers take compressed. */
export async function putFilesImage(place, ref, { layers, entries, size }) {
  const descriptors = [];
  const diffIds = [];
  for (let i = 0; i < layers; i += 1) {
    const tar = layerTar(i, entries / layers, size / layers);
    const bytes = gzipSync(tar, { level: 1 });
    diffIds.push(digestOf(tar));
    descriptors.push({
      mediaType: TYPES.layer,
      digest: digestOf(bytes),
      size: bytes.byteLength,
    });
    await place.blob(digestOf(bytes), bytes);
  }
  const config = Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      config: {},
      rootfs: { type: 'layers', diff_ids: diffIds },
    }),
  );
  await place.blob(digestOf(config), config);
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: TYPES.manifest,
      config: { mediaType: TYPES.config, digest: digestOf(config), size: config.byteLength },
      layers: descriptors,
    }),
  );
  await place.manifest(ref, TYPES.manifest, manifest);
  return descriptors.reduce((sum, one) => sum + one.size, 0);
}

/** A tenth directories, a twentieth symbolic links, some files of lower layers, and a whiteout. */
function layerTar(number, entries, compressed) {
  const blocks = [];
  const files = Math.floor(entries * 0.85);
  const perFile = Math.floor((compressed / files) * 0.99);
  const noise = randomBytes(1024 * 1024).toString('base64');
  for (let i = 0; i < entries; i += 1) {
    const folder = `usr/lib/package-${String(i % 97)}/module-${String(Math.floor(i / 20))}`;
    if (i % 20 < 2) blocks.push(header(`${folder}/dir-${String(i)}-${String(number)}/`, '5', 0));
    else if (i % 20 === 2) blocks.push(header(`${folder}/link-${String(i)}`, '2', 0, 'file'));
    else {
      const owner = i % 50 === 3 ? 0 : number;
      // Half of it gzip cannot shrink but for base64, the other half it can.
      const random = Buffer.from(randomBytes(Math.floor(perFile)).toString('base64'));
      const text = Buffer.from(noise.slice(0, 600).repeat(Math.ceil(random.byteLength / 600)));
      const body = Buffer.concat([random, text]);
      blocks.push(header(`${folder}/file-${String(owner)}-${String(i)}.js`, '0', body.byteLength));
      blocks.push(body, Buffer.alloc((512 - (body.byteLength % 512)) % 512));
    }
  }
  if (number > 0) blocks.push(header(`usr/lib/package-1/module-0/.wh.link-${String(22)}`, '0', 0));
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

function header(name, flag, size, link = '') {
  const block = Buffer.alloc(512);
  block.write(name, 0);
  block.write(flag === '5' ? '0000755' : '0000644', 100);
  block.write('0000000', 108);
  block.write('0000000', 116);
  block.write(size.toString(8).padStart(11, '0'), 124);
  block.write('14524440000', 136);
  block.write('        ', 148);
  block.write(flag, 156);
  block.write(link, 157);
  block.write('ustar\u000000', 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}
