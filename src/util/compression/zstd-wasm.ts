const { init, compress } = await import('@bokuweb/zstd-wasm');

// Evaluated once: a second `init` would exchange the library's memory under a running call.
await init();

/** One whole frame; `data` and result are held in memory. */
export function compressFrame(data: Uint8Array, level: number): Uint8Array {
  const frame = compress(data, level);
  const [a, b, c, d] = frame;
  // Another user of the library in this process may have initialised it anew at the wrong moment.
  if (a !== 0x28 || b !== 0xb5 || c !== 0x2f || d !== 0xfd)
    throw new Error('the zstd library gave something that is not zstd');
  return frame;
}
