import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/errors/app-error.ts';
import { locate } from '../../src/transports/locate.ts';

describe('locate', () => {
  it.each([
    ['busybox:1', 'docker.io/library/busybox', '1'],
    ['docker:27', 'docker.io/library/docker', '27'],
    ['localhost:5000/a', 'localhost:5000/a', undefined],
    ['host:5000/x:v1', 'host:5000/x', 'v1'],
    ['docker://x', 'docker.io/library/x', undefined],
    ['docker://localhost:5000/a:v1', 'localhost:5000/a', 'v1'],
  ])('%s is an image of a registry', (text, name, ref) => {
    expect(locate(text)).toMatchObject({ scheme: 'docker', name, ref });
  });

  it('hands the rest to the transport of the scheme', () => {
    expect(locate('oci:./out:v1')).toMatchObject({ scheme: 'oci', name: './out', ref: 'v1' });
    const archive = { scheme: 'oci-archive', name: '-', ref: 'v1' };
    expect(locate('oci-archive:-:v1')).toMatchObject(archive);
    expect(locate('dir:./a:b')).toMatchObject({ scheme: 'dir', name: './a:b', ref: undefined });
  });

  it.each(['foo://x', 'docker-daemon:x', 'containers-storage:x', 'ftp:x', 'sif:/tmp/x'])(
    'does not take %s for a repository, and lists what exists',
    (text) => {
      let error: unknown;
      try {
        locate(text);
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toBeInstanceOf(AppError);
      expect(error).toMatchObject({
        code: 'UNKNOWN_TRANSPORT',
        exitStatus: 64,
        hint: expect.stringContaining('oci:DIR') as string,
      });
    },
  );

  it('says to drop https://', () => {
    expect(() => locate('https://ghcr.io/o/a')).toThrow(
      expect.objectContaining({ hint: 'Write the image without "https://": ghcr.io/o/a' }) as Error,
    );
  });
});
