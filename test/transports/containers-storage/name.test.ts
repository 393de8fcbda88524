import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/errors/app-error.ts';
import { locate } from '../../../src/transports/locate.ts';
import {
  parseStorageName,
  soughtName,
  storedName,
} from '../../../src/transports/containers-storage/name.ts';
import { containersStorageTransport } from '../../../src/transports/containers-storage/transport.ts';
import { placesIn } from '../../helpers/pipes.ts';
import { tempDir } from '../../helpers/temp.ts';

const ID = 'ab'.repeat(32);

describe('names in a storage', () => {
  // containers/image docs/containers-transports.5.md; podman-tag(1) for names without a registry.
  it.each([
    ['app', 'localhost/app:latest', 'app:latest', []],
    ['app:v1', 'localhost/app:v1', 'app:v1', []],
    ['team/app:v1', 'localhost/team/app:v1', 'team/app:v1', []],
    ['localhost/app:v1', 'localhost/app:v1', 'app:v1', []],
    ['docker.io/alpine:3', 'docker.io/library/alpine:3', 'docker.io/library/alpine:3', []],
    ['ghcr.io/o/app:v1', 'ghcr.io/o/app:v1', 'ghcr.io/o/app:v1', []],
    ['host:5000/app', 'host:5000/app:latest', 'host:5000/app:latest', []],
    [`@${ID}`, ID, ID, []],
    [`sha256:${ID}`, ID, ID, []],
    [`app@${ID}`, ID, ID, []],
    ['[/r]app', 'localhost/app:latest', 'app:latest', ['--root', '/r']],
    [
      '[vfs@/r+/run]app:v1',
      'localhost/app:v1',
      'app:v1',
      ['--storage-driver', 'vfs', '--root', '/r', '--runroot', '/run'],
    ],
    [
      '[overlay@/r+/run:a=b,c=d]app',
      'localhost/app:latest',
      'app:latest',
      [
        '--storage-driver',
        'overlay',
        '--root',
        '/r',
        '--runroot',
        '/run',
        '--storage-opt',
        'a=b',
        '--storage-opt',
        'c=d',
      ],
    ],
  ])('%s', (rest, stored, sought, options) => {
    const name = parseStorageName(rest);
    expect([storedName(name), soughtName(name), name.options]).toEqual([stored, sought, options]);
    // What a location says is read again as the same image.
    const { text } = locate(`containers-storage:${rest}`);
    const again = parseStorageName(text.slice('containers-storage:'.length));
    expect([storedName(again), again.options]).toEqual([stored, options]);
  });

  it.each(['', '[vfs@]app', '[x]app', 'App', `[/r]`])('refuses "%s"', (rest) => {
    expect(() => parseStorageName(rest)).toThrow(AppError);
  });

  it('says that neither podman nor Buildah is there', async () => {
    await using dir = await tempDir();
    const engines = {
      env: { PATH: dir.path },
      home: undefined,
      os: 'linux',
      note: () => undefined,
    };
    const location = locate('containers-storage:app');
    await expect(
      containersStorageTransport.openRead(location, placesIn(dir.path, { engines })),
    ).rejects.toMatchObject({ code: 'UNSUPPORTED', exitStatus: 1 });
  });
});
