import { describe, expect, it } from 'vitest';
import { dockerTransport } from '../../../src/transports/docker/transport.ts';
import { noPipes } from '../../helpers/pipes.ts';
import { startRegistry } from '../../registry/harness.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;

describe('docker://', () => {
  it.each([
    ['busybox', 'docker.io/library/busybox', undefined, undefined, ':latest'],
    ['//ghcr.io/a/b:1', 'ghcr.io/a/b', '1', '1', ':1'],
    [`localhost:5000/x@${DIGEST}`, 'localhost:5000/x', DIGEST, undefined, `@${DIGEST}`],
    [`ghcr.io/a/b:1@${DIGEST}`, 'ghcr.io/a/b', DIGEST, '1', `:1@${DIGEST}`],
  ])('parses %s', (rest, name, ref, tag, suffix) => {
    expect(dockerTransport.parse(rest)).toEqual({
      scheme: 'docker',
      name,
      ref,
      tag,
      text: `${name}${suffix}`,
    });
  });

  it('opens the repository with the scopes of its use', async () => {
    await using at = await startRegistry(() => ({ status: 404 }));
    const location = dockerTransport.parse('reg.example/a/b:1');
    const context = { ...noPipes, registry: at.client };
    const source = await dockerTransport.openRead(location, context);
    const destination = await dockerTransport.openWrite?.(location, context);
    expect([source.label, destination?.label]).toEqual(['reg.example/a/b', 'reg.example/a/b']);
    const blob = { mediaType: 'text/plain', digest: DIGEST as never, size: 1 };
    expect([await source.has(blob), await destination?.has(blob)]).toEqual([false, false]);
    expect(at.scopes).toEqual(['repository:a/b:pull', 'repository:a/b:pull,push']);
  });
});
