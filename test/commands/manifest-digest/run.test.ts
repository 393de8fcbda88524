import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { run as manifestDigest } from '../../../src/commands/manifest-digest/run.ts';
import { digestOf, parseDigest } from '../../../src/oci/digest.ts';
import { tempDir } from '../../helpers/temp.ts';
import { input, textOf } from '../fake-context.ts';

describe('manifest-digest', () => {
  async function ofFile(content: string | Uint8Array): Promise<string> {
    await using dir = await tempDir();
    await writeFile(dir.join('manifest.json'), content);
    const context = { cwd: dir.path };
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
    await expect(
      manifestDigest({ cwd: '/nowhere' }, input(['nothing.json']), {}),
    ).rejects.toMatchObject({
      code: 'PATH_UNKNOWN',
      exitStatus: 2,
    });
  });
});
