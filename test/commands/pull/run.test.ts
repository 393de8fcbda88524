import { describe, expect, it } from 'vitest';
import { run as pull } from '../../../src/commands/pull/run.ts';
import { run as push } from '../../../src/commands/push/run.ts';
import { AppError } from '../../../src/errors/app-error.ts';
import { createMemoryStore } from '../../../src/store/memory.ts';
import type { Location } from '../../../src/transports/types.ts';
import { makeImage, makeIndex, type TestImage } from '../../helpers/images.ts';
import { fakeContext, input, storeWith, textOf } from '../fake-context.ts';

interface Seen {
  readonly from: Location[];
  readonly to: Location[];
}

function contextOf(image: TestImage, fail?: AppError) {
  const seen: Seen = { from: [], to: [] };
  const destination = createMemoryStore('dest');
  const context = fakeContext({
    requestCount: () => 7,
    openRead: async (location) => {
      seen.from.push(location);
      if (fail !== undefined && location.scheme === 'docker-daemon') throw fail;
      return storeWith({ v1: image, latest: image }, 'source');
    },
    openWrite: async (location) => {
      seen.to.push(location);
      if (fail !== undefined && location.scheme === 'docker-daemon') throw fail;
      return destination;
    },
    registry: () => expect.unreachable(),
  });
  return { context, seen, destination };
}

const noDaemon = new AppError('NETWORK', 'cannot reach the Docker daemon at unix:///x', {
  details: { daemon: 'unix:///x' },
});

const failure = async (promise: Promise<unknown>): Promise<AppError> => {
  const error: unknown = await promise.catch((thrown: unknown) => thrown);
  if (error instanceof AppError) return error;
  throw new Error('no AppError');
};

describe('pull', () => {
  it.each([
    [['app:v1'], {}, 'docker-daemon:app:v1'],
    [['docker.io/o/app'], {}, 'docker-daemon:o/app:latest'],
    [['ghcr.io/o/app:v1'], {}, 'docker-daemon:ghcr.io/o/app:v1'],
    [['app'], { allTags: true }, 'docker-daemon:app'],
    [['app:v1', 'app.tar'], {}, 'docker-archive:app.tar'],
    [['app:v1', './out/app.TGZ'], {}, 'docker-archive:./out/app.TGZ'],
    [['app:v1', 'out'], { format: 'oci' }, 'oci:out'],
    [['app:v1', 'out'], { format: 'legacy' }, 'docker-archive:out'],
    [['app:v1', 'oci:out:v1'], {}, 'oci:out:v1'],
  ] as const)('%s %o goes to %s', async (args, options, text) => {
    const { context, seen } = contextOf(await makeImage());
    await pull(context, input(args, options), {});
    expect(seen.to.map((one) => one.text)).toEqual([text]);
  });

  it('takes one platform of an index for the daemon, and all for a layout', async () => {
    const index = await makeIndex();
    const daemon = contextOf(index);
    const result = await pull(daemon.context, input(['app:v1']), {});
    expect(textOf(result)).not.toContain(index.root.digest);
    expect((await daemon.destination.resolve('v1')).mediaType).toContain('manifest.v1');
    const layout = contextOf(index);
    await pull(layout.context, input(['app:v1', 'oci:out:v1']), {});
    expect((await layout.destination.resolve('v1')).digest).toBe(index.root.digest);
  });

  it('does not move a tag for an image that is named by its digest', async () => {
    const image = await makeImage();
    const { context, destination } = contextOf(image);
    await pull(context, input([`app@${image.root.digest}`]), {});
    expect((await destination.resolve(image.root.digest)).digest).toBe(image.root.digest);
    const tags = await Array.fromAsync(destination.capabilities.tags?.tags() ?? []);
    expect(tags.flat()).toEqual([]);
  });

  it('refuses a bare word, which could be a repository of Docker Hub', async () => {
    const { context, seen } = contextOf(await makeImage());
    for (const word of ['out', 'user/app', 'docker://other/app']) {
      const error = await failure(pull(context, input(['app:v1', word]), {}));
      expect(error).toMatchObject({
        code: 'USAGE',
        exitStatus: 64,
        hint: `For a file write "regctl pull app:v1 docker-archive:${word}", for a registry "regctl copy app:v1 ${word}".`,
      });
    }
    expect(seen).toEqual({ from: [], to: [] });
  });

  it('names the lines that work without a daemon', async () => {
    const { context } = contextOf(await makeImage(), noDaemon);
    const error = await failure(pull(context, input(['app:v1']), {}));
    expect(error).toMatchObject({
      code: 'NETWORK',
      exitStatus: 1,
      hint: 'Without a daemon: regctl pull app:v1 image.tar, or: regctl copy app:v1 oci:DIR',
    });
  });

  it('takes images of registries only', async () => {
    const { context } = contextOf(await makeImage());
    expect(await failure(pull(context, input(['oci:out:v1']), {}))).toMatchObject({
      code: 'USAGE',
    });
  });
});

describe('push', () => {
  it.each([
    [['app:v1'], {}, 'docker-daemon:app:v1'],
    [['r.example/app'], { allTags: true }, 'docker-daemon:r.example/app'],
    [['app.tar', 'app:v1'], {}, 'docker-archive:app.tar'],
    [['oci:out:v1', 'app:v1'], {}, 'oci:out:v1'],
  ] as const)('%s %o comes from %s', async (args, options, text) => {
    const { context, seen } = contextOf(await makeImage());
    await push(context, input(args, options), {});
    expect(seen.from.map((one) => one.text)).toEqual([text]);
  });

  it('refuses a bare word and says what works without a daemon', async () => {
    const { context } = contextOf(await makeImage(), noDaemon);
    expect(await failure(push(context, input(['out', 'app:v1']), {}))).toMatchObject({
      code: 'USAGE',
      hint: 'For a file write "regctl push docker-archive:out app:v1", for a registry "regctl copy out app:v1".',
    });
    expect(await failure(push(context, input(['app:v1']), {}))).toMatchObject({
      hint: 'Without a daemon: regctl push image.tar app:v1, or: regctl copy oci:DIR app:v1',
    });
  });
});
