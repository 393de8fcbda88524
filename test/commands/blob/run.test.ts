import { describe, expect, it } from 'vitest';
import { run as blob } from '../../../src/commands/blob/run.ts';
import type { Context } from '../../../src/commands/context.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import type { Repository } from '../../../src/registry/types.ts';
import { bytesOf } from '../../../src/util/bytes.ts';
import { bytesOfResult, fakeContext, input } from '../fake-context.ts';

describe('blob', () => {
  const data = Buffer.from('layer');
  const name = digestOf(data);

  function withBlob(found: { readonly size: number | undefined } | undefined): Context {
    const repository: Partial<Repository> = {
      registry: 'r.example',
      name: 'app',
      hasBlob: async () => found,
      getBlob: async (descriptor) => {
        expect(descriptor).toMatchObject({ digest: name, size: data.byteLength });
        return bytesOf(data);
      },
    };
    const unexpected = (): never => {
      throw new Error('Unexpected call');
    };
    return fakeContext({
      registry: async () => ({
        repository: () => repository as Repository,
        catalog: unexpected,
        ping: unexpected,
      }),
    });
  }

  it('prints the bytes', async () => {
    const result = await blob(withBlob({ size: 5 }), input([`r.example/app@${name}`]), {});
    expect(await bytesOfResult(result)).toEqual(data);
  });

  it('a missing blob is exit 2; a name without a digest is wrong usage', async () => {
    const missing = blob(withBlob(undefined), input([`r.example/app@${name}`]), {});
    await expect(missing).rejects.toMatchObject({ code: 'BLOB_UNKNOWN', exitStatus: 2 });
    await expect(blob(fakeContext(), input(['r.example/app:v1']), {})).rejects.toMatchObject({
      code: 'USAGE',
    });
  });
});
