import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { run as blob } from '../../src/commands/blob/run.ts';
import { run as config } from '../../src/commands/config/run.ts';
import { run as digest } from '../../src/commands/digest/run.ts';
import { run as manifestDigest } from '../../src/commands/manifest-digest/run.ts';
import { run as manifest } from '../../src/commands/manifest/run.ts';
import type { Context } from '../../src/commands/context.ts';
import { digestOf, parseDigest } from '../../src/oci/digest.ts';
import type { Repository } from '../../src/registry/types.ts';
import { bytesOf } from '../../src/util/bytes.ts';
import { makeIndex } from '../helpers/images.ts';
import { tempDir } from '../helpers/temp.ts';
import { bytesOfResult, fakeContext, input, storeWith, textOf } from './fake-context.ts';

describe('digest, manifest, config', () => {
  it('digest asks for a descriptor alone', async () => {
    const index = await makeIndex();
    const store = await storeWith({ v1: index });
    const context = fakeContext({
      openRead: async () => ({
        ...store,
        fetch: () => {
          throw new Error('Unexpected call to fetch');
        },
      }),
    });
    expect(textOf(await digest(context, input(['r.example/app:v1']), {}))).toBe(index.root.digest);
  });

  it('--platform is the digest, manifest and configuration of that platform', async () => {
    const index = await makeIndex();
    const store = await storeWith({ v1: index });
    const on = (platform: string | undefined): Context =>
      fakeContext({ openRead: async () => store, flags: { platform } });
    const named = input(['r.example/app:v1']);
    const arm = on('linux/arm/v7');
    const raw = await bytesOfResult(await manifest(arm, named, {}));
    expect(textOf(await digest(arm, named, {}))).toBe(digestOf(raw));
    const bytes = await bytesOfResult(await config(arm, named, {}));
    expect(JSON.parse(bytes.toString())).toMatchObject({ architecture: 'arm', variant: 'v7' });
    const whole = await bytesOfResult(await manifest(on(undefined), named, {}));
    expect(digestOf(whole)).toBe(index.root.digest);
    await expect(digest(on('linux/s390x'), named, {})).rejects.toMatchObject({ exitStatus: 2 });
  });
});

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

describe('manifest-digest', () => {
  async function ofFile(content: string | Uint8Array): Promise<string> {
    await using dir = await tempDir();
    await writeFile(dir.join('manifest.json'), content);
    const context = fakeContext({ cwd: dir.path });
    return textOf(await manifestDigest(context, input(['manifest.json']), {}));
  }

  it('is the sha256 of the bytes, whatever they are', async () => {
    expect(await ofFile('{"schemaVersion":2}\n')).toBe(
      digestOf(Buffer.from('{"schemaVersion":2}\n')),
    );
    expect(parseDigest(await ofFile(''))).toBe(digestOf(Buffer.from('')));
  });

  it('of a signed schema 1 manifest is that of what was signed', async () => {
    const signed = '{\n   "schemaVersion": 1,\n   "name": "a"\n}';
    const head = signed.slice(0, -2);
    const sign = (length: number): string => {
      const fields = { formatLength: length, formatTail: Buffer.from('\n}').toString('base64url') };
      const header = Buffer.from(JSON.stringify(fields)).toString('base64url');
      return `${head},\n   "signatures": [{"protected": "${header}", "signature": "x"}]\n}`;
    };
    expect(await ofFile(sign(head.length))).toBe(digestOf(Buffer.from(signed)));
    for (const length of [-1, 1e9]) {
      await expect(ofFile(sign(length))).rejects.toMatchObject({ code: 'INVALID_MANIFEST' });
    }
  });

  it('says when there is no such file', async () => {
    await expect(manifestDigest(fakeContext(), input(['nothing.json']), {})).rejects.toMatchObject({
      code: 'PATH_UNKNOWN',
      exitStatus: 2,
    });
  });
});
