import { tmpdir } from 'node:os';
import type { OpenContext } from '../../src/transports/types.ts';
import { bytesOf } from '../../src/util/bytes.ts';
import { plainTemporaries } from '../../src/util/temporaries.ts';

type Pipes = Omit<OpenContext, 'registry'>;

function unexpected(name: string): () => never {
  return () => {
    throw new Error(`Unexpected call to ${name}`);
  };
}

/** A context for places that are neither standard input nor standard output. */
export const noPipes: Pipes = {
  tempDir: tmpdir(),
  temporaries: plainTemporaries(),
  stdin: unexpected('stdin'),
  stdout: unexpected('stdout'),
};

/** An `OpenContext` of a file system alone. */
export function placesIn(tempDir: string, pipes: Partial<Pipes> = {}): OpenContext {
  const registry = {
    repository: unexpected('repository'),
    catalog: unexpected('catalog'),
    ping: unexpected('ping'),
  };
  return { ...noPipes, tempDir, registry, ...pipes };
}

/** Standard input that gives `data` in pieces of `chunk` bytes. */
export function stdinOf(data: Uint8Array, chunk = 10_000): Pick<Pipes, 'stdin'> {
  return {
    stdin: async function* () {
      for (let at = 0; at < data.byteLength; at += chunk)
        yield* bytesOf(data.subarray(at, at + chunk));
    },
  };
}

/** Standard output, gathered. */
export function stdoutBuffer(): Pick<Pipes, 'stdout'> & { readonly data: () => Buffer } {
  const chunks: Uint8Array[] = [];
  return {
    stdout: async (bytes) => void chunks.push(Uint8Array.from(bytes)),
    data: () => Buffer.concat(chunks),
  };
}
