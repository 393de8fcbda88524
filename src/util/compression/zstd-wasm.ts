/** Made once: a second `init` would exchange the library's memory under a running call. */
export const frameCompressor = load();

async function load(): Promise<(data: Uint8Array, level: number) => Uint8Array> {
  const { init, compress } = await import('@bokuweb/zstd-wasm');
  await init();
  return (data, level) => whole(compress(data, level));
}

/** Another user of the library in this process may have initialised it anew at the wrong moment. */
function whole(frame: Uint8Array): Uint8Array {
  const [a, b, c, d] = frame;
  if (a === 0x28 && b === 0xb5 && c === 0x2f && d === 0xfd) return frame;
  throw new Error('the zstd library gave something that is not zstd');
}
