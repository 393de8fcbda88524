import { describe, expect, it } from 'vitest';
import { Counters } from '../../../src/copy/engine/counters.ts';
import type { Descriptor } from '../../../src/oci/descriptor.ts';
import type { Digest } from '../../../src/oci/digest.ts';

const node = (name: string, mediaType = 'application/octet-stream'): Descriptor => ({
  mediaType,
  digest: `sha256:${name.repeat(64)}` as Digest,
  size: 100,
});

describe('the count of a copy', () => {
  const layer = node('a');
  const manifest = node('b', 'application/vnd.oci.image.manifest.v1+json');
  const count = (act: (counters: Counters) => void): ReturnType<Counters['counts']>['bytes'] => {
    const tally = new Counters(() => undefined);
    act(tally);
    return tally.counts().bytes;
  };

  it('is of what was handed to the network, once and again', () => {
    const bytes = count((counters) => {
      for (const part of [0, 60, 0, 40, 60]) counters.sent(layer, part);
      counters.end(layer, 'written');
    });
    expect(bytes).toEqual({ sent: 160, skipped: 0 });
  });

  it('leaves out what an earlier run had sent, be it all', () => {
    for (const sent of [0, 24]) {
      const bytes = count((counters) => {
        counters.sent(layer, sent);
        counters.end(layer, 'written');
      });
      expect(bytes).toEqual({ sent, skipped: 100 - sent });
    }
  });

  it('is of the whole where a store does not say, and of nothing for what was there', () => {
    const bytes = count((counters) => {
      counters.end(manifest, 'written');
      counters.end(layer, 'written');
      counters.end(layer, 'present');
      counters.end(manifest, 'present');
      counters.end(node('c'), 'mounted');
    });
    expect(bytes).toEqual({ sent: 200, skipped: 200 });
  });
});
