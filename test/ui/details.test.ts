import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import type { Descriptor } from '../../src/oci/descriptor.ts';
import { digestOf, type Digest } from '../../src/oci/digest.ts';
import { MEDIA_TYPE } from '../../src/oci/media-types.ts';
import { makeArtifact } from '../helpers/artifact.ts';
import { makeImage, makeIndex, type TestImage } from '../helpers/images.ts';
import { startPages } from './browser.ts';

const EVIL = '<script>x</script>\u202e';

/** An image with one layer of these files. */
async function imageOf(files: Readonly<Record<string, string>>): Promise<TestImage> {
  const tar = pack();
  for (const [name, text] of Object.entries(files))
    tar.entry({ name, mode: 0o640, mtime: new Date(0) }, text);
  tar.finalize();
  const plain = Buffer.concat(await Array.fromAsync(tar as AsyncIterable<Uint8Array>));
  const nodes = new Map<Digest, { descriptor: Descriptor; bytes: Uint8Array }>();
  const add = (mediaType: string, bytes: Uint8Array): Descriptor => {
    const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.byteLength };
    nodes.set(descriptor.digest, { descriptor, bytes });
    return descriptor;
  };
  const layers = [add(MEDIA_TYPE.ociLayerGzip, gzipSync(plain))];
  const platform = { os: 'linux', architecture: 'amd64' };
  const rootfs = { type: 'layers', diff_ids: [digestOf(plain)] };
  const config = add(MEDIA_TYPE.ociConfig, Buffer.from(JSON.stringify({ ...platform, rootfs })));
  const manifest = { schemaVersion: 2, mediaType: MEDIA_TYPE.ociManifest, config, layers };
  return { root: add(MEDIA_TYPE.ociManifest, Buffer.from(JSON.stringify(manifest))), nodes };
}

describe('referrers', () => {
  it('are listed, and their SBOMs and scan reports are tables', async () => {
    await using pages = await startPages();
    const image = await makeImage();
    await pages.push('app', ['1'], image);
    const sbom = makeArtifact({
      subject: image.root,
      type: 'application/spdx+json',
      documents: [
        [
          'application/spdx+json',
          { spdxVersion: 'SPDX-2.3', packages: [{ name: EVIL, versionInfo: '5.2' }] },
        ],
      ],
    });
    const vulnerability = { VulnerabilityID: 'CVE-1', PkgName: 'musl', Severity: 'HIGH' };
    const scan = makeArtifact({
      subject: image.root,
      type: 'application/sarif+json',
      documents: [['application/json', { Results: [{ Vulnerabilities: [vulnerability] }] }]],
    });
    for (const one of [sbom, scan]) await pages.push('app', [one.root.digest], one);

    const list = await pages.get('/referrers?image=reg.example/app:1');
    expect(list.text).toContain('SBOM (SPDX)');
    expect(list.text).toContain('vulnerability report');
    expect(list.text).toContain('No signature was checked');
    const links = [...list.html.matchAll(/href="(\/content[^"]*)"/gu)].map(([, one = '']) =>
      one.replaceAll('&amp;', '&'),
    );
    expect(links).toHaveLength(2);
    const contents = await Promise.all(links.map((link) => pages.get(link)));
    const all = contents.map(({ text }) => text).join('\n');
    expect(all).toContain('Packages (1)');
    expect(all).toContain('<script>x</script>\\u202e 5.2');
    expect(all).toMatch(/Findings \(1\) Trivy: 0 critical, 1 high.* high CVE-1 musl/u);
    for (const { html } of contents) expect(html).not.toMatch(/<script>|\u202e/u);

    const rows = await pages.get('/tags?repository=reg.example/app&details=1');
    expect(rows.text).toContain('SBOM (SPDX), vulnerability report');
  });

  it('that do not exist are said', async () => {
    await using pages = await startPages();
    await pages.push('app', ['1'], await makeIndex());
    const page = await pages.get('/referrers?image=reg.example/app:1');
    expect([page.status, page.text.includes('Nothing is attached.')]).toEqual([200, true]);
    const none = `/content?repository=reg.example/app&digest=sha256:${'0'.repeat(64)}`;
    expect((await pages.get(none)).status).toBe(404);
    expect((await pages.get('/content?repository=reg.example/app&digest=x')).status).toBe(400);
  });
});

describe('files', () => {
  it('of an image and of a layer are listed and filtered, and read once', async () => {
    await using pages = await startPages();
    const files = { 'etc/passwd': 'root', 'etc/.wh.shadow': '', [`bin/${EVIL}`]: 'x' };
    await pages.push('app', ['1'], await imageOf(files));
    const path = '/files?image=reg.example/app:1';
    const merged = await pages.get(path);
    expect(merged.text).toContain('/etc/passwd file 0640 4 B 1');
    expect(merged.text).not.toContain('shadow');
    expect(merged.html).not.toMatch(/<script>|\u202e/u);
    pages.requests();
    const filtered = await pages.get(`${path}&filter=passwd`);
    expect(filtered.text).toContain('1 of 5 files, 4 B');
    // The manifest and the configuration, no layer.
    expect(pages.requests()).toHaveLength(2);
    const layer = await pages.get(`${path}&layer=0`);
    expect(layer.text).toContain('/etc/shadow removal');
    expect((await pages.get(`${path}&layer=1`)).status).toBe(400);
  });
});

describe('two images', () => {
  it('are compared where they differ', async () => {
    await using pages = await startPages();
    await pages.push('app', ['a'], await makeImage({ labels: { same: '1', only: EVIL } }));
    await pages.push(
      'app',
      ['b'],
      await makeImage({ labels: { same: '1' }, created: '2026-01-03T00:00:00Z' }),
    );
    const path = '/compare?repository=reg.example/app';
    const page = await pages.get(`${path}&tag=a&tag=b`);
    expect(page.text).toContain('only <script>x</script>\\u202e –');
    expect(page.text).toContain('Created 2026-01-02T03:04:05Z 2026-01-03T00:00:00Z');
    expect(page.text).not.toContain('same');
    expect(page.text).toMatch(/Environment No difference\./u);
    expect(page.html).not.toMatch(/<script>|\u202e/u);
    const same = await pages.get(`${path}&tag=a&tag=a`);
    expect(same.text).toContain('Both names point to the same image.');
    expect((await pages.get(`${path}&tag=a`)).status).toBe(400);
    expect((await pages.get('/compare')).status).toBe(400);
  });

  it('are compared file by file', async () => {
    await using pages = await startPages();
    await pages.push('app', ['a'], await imageOf({ same: '1', old: 'x', [EVIL]: '1' }));
    await pages.push('app', ['b'], await imageOf({ same: '1', new: 'xy', [EVIL]: '22' }));
    const page = await pages.get('/compare?repository=reg.example/app&tag=a&tag=b');
    const path = /href="(\/compare-files[^"]*)"/u.exec(page.html)?.[1]?.replaceAll('&amp;', '&');
    const files = await pages.get(path ?? '');
    expect(files.text).toContain('1 added, 1 removed, 1 changed');
    expect(files.text).toContain('/new added – 2 B');
    expect(files.text).toContain('/old removed 1 B –');
    expect(files.html).not.toMatch(/<script>|\u202e/u);
    expect((await pages.get('/compare-files?a=reg.example/app:a')).status).toBe(400);
  });
});
