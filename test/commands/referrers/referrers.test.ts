import { describe, expect, it } from 'vitest';
import { run } from '../../../src/commands/referrers/run.ts';
import type { Result } from '../../../src/commands/result.ts';
import { blob, image, store } from '../../helpers/graphs.ts';
import { createMemoryStore } from '../../../src/store/memory.ts';
import type { ReadStore } from '../../../src/store/types.ts';
import { scene, sceneStore } from '../../helpers/scenes.ts';
import { bytesOfResult, fakeContext, input, jsonOf, PLAIN, textOf } from '../fake-context.ts';

const NAME = 'r.example/team/app';

async function referrers(from: ReadStore, options = {}, flags = {}) {
  const context = fakeContext({
    openRead: async () => from,
    now: () => new Date('2026-11-29T12:00:00Z'),
    flags,
  });
  const result = await run(context, input([`${NAME}:v1`], options), {});
  return { result, context };
}

const lines = (result: Result, style = PLAIN): readonly string[] =>
  textOf(result, style).split('\n');
const everything = (): Promise<ReadStore> => sceneStore(scene('everything'), 'api');

describe('referrers', () => {
  it('shows a tree with type, digest, age and size', async () => {
    const { result, context } = await referrers(await everything());
    expect(lines(result).map((line) => line.replaceAll(/sha256:\w+|\s{2,}/gu, ' ').trim())).toEqual(
      [
        'r.example/team/app:v1',
        expect.stringMatching(/^├── provenance \(SLSA\) .* 2 hours ago +871 B$/u),
        expect.stringMatching(/^├── signature .* 2 hours ago +875 B$/u),
        expect.stringMatching(/^├── /u),
        expect.stringMatching(/^├── /u),
        expect.stringMatching(/^├── linux\/amd64/u),
        expect.stringMatching(/^│ ├── /u),
        expect.stringMatching(/^│ ├── /u),
        expect.stringMatching(/^│ └── SBOM \(SPDX\), provenance \(SLSA\)/u),
        expect.stringMatching(/^└── linux\/arm64/u),
        expect.stringMatching(/^ ?└── /u),
      ],
    );
    expect(context.notes).toEqual([]);
  });

  it('fits a terminal of 60 columns', async () => {
    const { result } = await referrers(await everything());
    const style = { ...PLAIN, width: 60, terminal: true };
    for (const line of lines(result, style)) expect(line.length).toBeLessThanOrEqual(60);
  });

  it('gives all as JSON', async () => {
    const { result } = await referrers(await everything());
    expect(jsonOf(result)).toMatchObject({
      Name: NAME,
      Digest: scene('everything').root.digest,
      Unread: 0,
      Referrers: [
        { Kinds: ['provenance (SLSA)'], Source: 'referrers', Referrers: [] },
        { Types: ['https://sigstore.dev/cosign/sign/v1'] },
        { Source: 'digest-tag', Tag: expect.stringMatching(/\.(?:sig|att)$/u) },
        { Source: 'digest-tag' },
      ],
      Children: [{ Platform: 'linux/amd64' }, { Platform: 'linux/arm64', Referrers: [{}] }],
    });
  });

  it('keeps a type and what leads to it, and one platform', async () => {
    const { result } = await referrers(
      await everything(),
      { type: 'sbom' },
      { platform: 'linux/arm64' },
    );
    expect(jsonOf(result)).toMatchObject({
      Referrers: [{ Kinds: ['SBOM (CycloneDX)'] }],
      Children: [
        { Platform: 'linux/arm64', Referrers: [{ Kinds: ['SBOM (SPDX)', 'provenance (SLSA)'] }] },
      ],
    });
    expect(jsonOf(result)).toHaveProperty('Children.length', 1);
  });

  it('says that nothing refers to an image, and which signatures podman does not see', async () => {
    const memory = createMemoryStore();
    await store(memory, image({ layers: [blob('plain')] }), 'v1');
    const plain = await referrers(memory);
    expect(lines(plain.result)[1]).toBe('Nothing refers to it.');
    const { context } = await referrers(await sceneStore(scene('index'), 'api'));
    expect(context.notes).toEqual([expect.stringMatching(/Podman and skopeo/u)]);
  });

  it('makes control characters of a type visible', async () => {
    const memory = createMemoryStore();
    const root = image({ layers: [blob('root')] });
    const artifactType = 'application/x\u001b[31m';
    await store(memory, root, 'v1');
    await store(memory, image({ subject: root.descriptor, artifactType }));
    expect(textOf((await referrers(memory)).result)).not.toContain('\u001b');
  });
});

describe('referrers --get', () => {
  it('prints the SBOM of the platform, out of its statement', async () => {
    const from = await sceneStore(scene('index'), 'fallback');
    const { result } = await referrers(from, { get: 'sbom' });
    const sbom = JSON.parse((await bytesOfResult(result)).toString()) as object;
    expect(sbom).toMatchObject({ spdxVersion: 'SPDX-2.3' });
  });

  it('prints a scan report as a table, in 60 columns', async () => {
    const { result } = await referrers(await everything(), { get: 'vuln' });
    const style = { ...PLAIN, width: 60, terminal: true };
    const shown = lines(result, style);
    expect(shown[0]).toMatch(/^3 vulnerabilities: 1 critical, 1 high, 1 low/u);
    expect(shown.slice(2)).toEqual([
      expect.stringMatching(/^CRITICAL +CVE-2024-0002/u),
      expect.stringMatching(/^HIGH +CVE-2025-26519 +musl 1\.2\.5-r8 +1\.2\.5-r9$/u),
      expect.stringMatching(/^LOW/u),
    ]);
    for (const line of shown.slice(1)) expect(line.length).toBeLessThanOrEqual(60);
    expect(jsonOf(result)).toMatchObject({ predicate: { scanner: {} } });
  });

  it('prints a raw document as it is', async () => {
    const memory = createMemoryStore();
    const root = image({ layers: [blob('root')] });
    await store(memory, root, 'v1');
    const layers = [blob('SPDXVersion: SPDX-2.3\r\n', 'text/spdx')];
    await store(memory, image({ layers, subject: root.descriptor, artifactType: 'text/spdx' }));
    const { result } = await referrers(memory, { get: 'spdx' });
    expect((await bytesOfResult(result)).toString()).toBe('SPDXVersion: SPDX-2.3\r\n');
  });

  it('refuses to choose among several without --latest, and names them', async () => {
    const from = await sceneStore(scene('attest'), 'fallback');
    await expect(referrers(from, { get: 'vuln' })).rejects.toMatchObject({
      code: 'USAGE',
      why: [
        expect.stringMatching(/vulns\/v0\.1/u),
        expect.stringMatching(/attestation\/vuln\/v1/u),
      ],
    });
    const { result } = await referrers(from, { get: 'vuln', latest: true });
    expect(textOf(result)).toContain('1 vulnerability: 1 high');
  });

  it.each([
    ['provenance', 'MANIFEST_UNKNOWN'],
    ['bom', 'USAGE'],
  ])('of %s is %s', async (get, code) => {
    const from = await sceneStore(scene('mixed'), 'api');
    await expect(referrers(from, { get })).rejects.toMatchObject({ code });
  });
});
