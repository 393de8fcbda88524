import { describe, expect, it } from 'vitest';
import { apiHost, credentialKey } from '../../src/reference/docker-hub.ts';
import { parseReference } from '../../src/reference/parse.ts';
import {
  familiarName,
  formatReference,
  formatRepository,
  withDefaultTag,
} from '../../src/reference/format.ts';
import { D } from './vectors.ts';

describe('printing references', () => {
  it('writes everything out', () => {
    const reference = parseReference(`busybox:1@${D}`);
    expect(formatReference(reference)).toBe(`docker.io/library/busybox:1@${D}`);
    expect(formatRepository(reference)).toBe('docker.io/library/busybox');
  });

  it.each([
    ['docker.io/library/busybox:1', 'busybox:1'],
    ['docker.io/grafana/loki', 'grafana/loki'],
    ['docker.io/library/foo/bar', 'library/foo/bar'],
    ['ghcr.io/a/b', 'ghcr.io/a/b'],
    // Each short form would name something else.
    ['docker.io/localhost/foo', 'docker.io/localhost/foo'],
    ['docker.io/a.b/c', 'docker.io/a.b/c'],
    [`docker.io/${'f'.repeat(64)}`, `docker.io/library/${'f'.repeat(64)}`],
    [`docker.io/sha256:${'f'.repeat(64)}`, `docker.io/library/sha256:${'f'.repeat(64)}`],
  ])('shortens %s to %s', (full, short) => {
    expect(familiarName(parseReference(full))).toBe(short);
  });

  it('adds a default tag only where there is neither tag nor digest', () => {
    expect(formatReference(withDefaultTag(parseReference('a')))).toBe('docker.io/library/a:latest');
    expect(withDefaultTag(parseReference('a:1')).tag).toBe('1');
    expect(withDefaultTag(parseReference(`a@${D}`)).tag).toBeUndefined();
  });
});

describe('hosts of a reference', () => {
  it('dials and looks up credentials in lower case', () => {
    const { registry } = parseReference('Foo/bar');
    expect([apiHost(registry), credentialKey(registry)]).toEqual(['foo', 'foo']);
  });

  it('knows Docker Hub under each of its names', () => {
    expect(apiHost('docker.io')).toBe('registry-1.docker.io');
    for (const host of ['docker.io', 'index.docker.io', 'registry-1.docker.io']) {
      expect(credentialKey(host)).toBe('https://index.docker.io/v1/');
    }
    expect(credentialKey('docker.io.evil.example')).toBe('docker.io.evil.example');
  });
});
