import { describe, expect, it } from 'vitest';
import { run as config } from '../../../src/commands/config/run.ts';
import { run as digest } from '../../../src/commands/digest/run.ts';
import { run as manifest } from '../../../src/commands/manifest/run.ts';
import type { Context } from '../../../src/commands/context.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import { makeIndex } from '../../helpers/images.ts';
import { bytesOfResult, fakeContext, input, storeWith, textOf } from '../fake-context.ts';

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

  it.each([digest, manifest, config])(
    'a variant that only runs there is told to scripts, too',
    async (command) => {
      const store = await storeWith({ v1: await makeIndex() });
      const context = fakeContext({
        openRead: async () => store,
        flags: { platform: 'linux/arm/v8' },
      });
      await command(context, input(['r.example/app:v1']), {});
      expect(context.warnings).toEqual([
        'there is no image for linux/arm/v8: using linux/arm/v7, which runs there',
      ]);
    },
  );
});
