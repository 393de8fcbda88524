import { describe, expect, it } from 'vitest';
import { parseImageConfig } from '../../src/image/config.ts';
import { platformOfConfig } from '../../src/store/index-entries.ts';
import { parseManifestJson } from '../../src/transports/docker-archive/manifest-json.ts';
import { parseLayoutIndex } from '../../src/transports/oci-layout/index-json.ts';
import { thrown } from '../helpers/thrown.ts';

const bytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
const list = { schemaVersion: 2, manifests: [] };
const entry = { Config: 'a.json', RepoTags: ['app:v1'], Layers: [] };
const config = { os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: [] } };

/** Go's decoder takes a member in other letters for the known one; the last one counts. */
describe('two members of one document', () => {
  it.each<[string, (raw: Uint8Array) => unknown, unknown]>([
    ['index.json: Manifests', (raw) => parseLayoutIndex(raw, 'i'), { ...list, Manifests: [] }],
    [
      'index.json: a long s',
      (raw) => parseLayoutIndex(raw, 'i'),
      { ...list, 'manife\u017fts': [] },
    ],
    [
      'index.json: that is an image too',
      (raw) => parseLayoutIndex(raw, 'i'),
      { ...list, layers: [] },
    ],
    [
      'manifest.json: config',
      (raw) => parseManifestJson(raw, 'a'),
      [{ ...entry, config: 'b.json' }],
    ],
    [
      'manifest.json: layers',
      (raw) => parseManifestJson(raw, 'a'),
      [entry, { ...entry, layers: [] }],
    ],
    [
      'manifest.json: a long s',
      (raw) => parseManifestJson(raw, 'a'),
      [{ ...entry, 'RepoTag\u017f': [] }],
    ],
    ['a configuration: Config', parseImageConfig, { ...config, Config: { User: 'root' } }],
    ['a configuration: user', parseImageConfig, { ...config, config: { User: 'a', user: 'root' } }],
    ['a configuration: Diff_IDs', parseImageConfig, { ...config, rootfs: { Diff_IDs: [] } }],
    [
      'a configuration: history',
      parseImageConfig,
      { ...config, history: [{}, { Empty_layer: true }] },
    ],
    ['a configuration: OS, for its platform', platformOfConfig, { ...config, OS: 'windows' }],
  ])('%s', (_what, parse, document) => {
    const { message, exitStatus } = thrown(() => parse(bytes(document)));
    expect(message).toMatch(/only in case|is ambiguous/u);
    expect(exitStatus).toBe(5);
  });

  it('names that people give may differ in case only', () => {
    const labels = { Maintainer: 'a', maintainer: 'b', User: 'c', user: 'd' };
    const read = parseImageConfig(
      bytes({
        ...config,
        config: { Labels: labels, Env: [], ExposedPorts: { '1/TCP': {}, '1/tcp': {} } },
      }),
    );
    expect(read.labels).toEqual(labels);
    expect(parseManifestJson(bytes([{ ...entry, Other: 1, other: 2 }]), 'a')).toHaveLength(1);
  });
});
