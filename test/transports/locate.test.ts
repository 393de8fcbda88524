import { thrown } from '../helpers/thrown.ts';
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

  it.each(['foo://x', 'ftp:x', 'sif:/tmp/x'])(
    'does not take %s for a repository, and lists what exists',
    (text) => {
      let error: unknown;
      try {
        locate(text);
      } catch (caught) {
        error = caught;
      }
      expect(error).toBeInstanceOf(AppError);
      expect(error).toMatchObject({
        code: 'UNKNOWN_TRANSPORT',
        exitStatus: 64,
        hint: expect.stringContaining('oci:DIR') as string,
      });
    },
  );

  it.each([
    ['https://ghcr.io/o/a', 'Write the image without "https://": ghcr.io/o/a'],
    ['https://user:password@host.example/a', 'Write the image without "https://": host.example/a'],
    [
      'oci://user:password@host.example/a',
      'For a registry use docker://host.example/a, for a directory oci:/host.example/a.',
    ],
    ['https://hub.docker.com/_/nginx', 'Use the image name: nginx'],
    ['https://hub.docker.com/r/o/n/tags?page=2', 'Use the image name: o/n'],
    ['hub.docker.com/r/o/n/', 'Use the image name: o/n'],
    [
      'https://hub.docker.com/layers/library/alpine/3/images/sha256-1',
      'Use the image name: alpine',
    ],
    ['https://quay.io/repository/o/n?tab=tags', 'Use the image name: quay.io/o/n'],
    ['https://gallery.ecr.aws/o/n', 'Use the image name: public.ecr.aws/o/n'],
    [
      'https://gallery.ecr.aws/docker/library/nginx?page=1',
      'Use the image name: public.ecr.aws/docker/library/nginx',
    ],
    ['https://github.com/o/r/pkgs/container/n%2Fm', 'Use the image name: ghcr.io/o/n/m'],
    [
      'https://mcr.microsoft.com/en-us/artifact/mar/dotnet/sdk/tags',
      'Use the image name: mcr.microsoft.com/dotnet/sdk',
    ],
    [
      'https://gitlab.com/group/project/container_registry/12',
      'Use the image name: registry.gitlab.com/group/project',
    ],
    [
      'https://console.cloud.google.com/artifacts/docker/p/europe-west1/r/i?project=p',
      'Use the image name: europe-west1-docker.pkg.dev/p/r/i',
    ],
    ['https://github.com/o/r/pkgs/container/n', 'Use the image name: ghcr.io/o/n'],
    ['https://github.com/orgs/o/packages/container/package/n', 'Use the image name: ghcr.io/o/n'],
    ['app.tar', 'Name its format: docker-archive:app.tar or oci-archive:app.tar'],
    [
      './out/app.tar.gz',
      'Name its format: docker-archive:./out/app.tar.gz or oci-archive:./out/app.tar.gz',
    ],
    ['/srv/app.tgz', 'Name its format: docker-archive:/srv/app.tgz or oci-archive:/srv/app.tgz'],
    ['./layout', 'For an OCI layout directory, write oci:./layout'],
    ['../layout', 'For an OCI layout directory, write oci:../layout'],
    [
      '127.0.0.1:7102',
      'Add the repository: 127.0.0.1:7102/NAME:TAG. To list the repositories: regctl catalog 127.0.0.1:7102',
    ],
    [
      'localhost:5000',
      'Add the repository: localhost:5000/NAME:TAG. To list the repositories: regctl catalog localhost:5000',
    ],
    [
      'registry.example.com:5000',
      'Add the repository: registry.example.com:5000/NAME:TAG. To list the repositories: regctl catalog registry.example.com:5000',
    ],
    [
      'ghcr.io',
      'Add the repository: ghcr.io/NAME:TAG. To list the repositories: regctl catalog ghcr.io',
    ],
  ])('%s is no image name: %s', (text, hint) => {
    const error = thrown(() => locate(text));
    expect(error).toMatchObject({ code: 'INVALID_REFERENCE', exitStatus: 64, hint });
    expect(error.message).not.toContain('password');
  });

  it.each([
    'alpine',
    'alpine:3.20',
    'app:1.2.3',
    'app:20240101',
    'o/app.tar',
    'ghcr.io/o/app.tar:1',
    'a.b/c',
    'my.app',
    'app.v1:latest',
    'docker.io/library/app.tar',
    'hub.docker.com/o/n',
    'docker://app.tar',
  ])('%s is one', (text) => {
    expect(locate(text).scheme).toBe('docker');
  });
});
