import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import axe from 'axe-core';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startRegistryServer, type RegistryServer } from '../../src/server/server.ts';
import { createMemoryStorage } from '../../src/server/storage/memory.ts';
import { newMachine, type Machine } from '../e2e/regctl.ts';
import { makeArtifact } from '../helpers/artifact.ts';
import { makeImage, makeIndex, pushImage } from '../helpers/images.ts';
import { startScriptedServer, type ScriptedServer } from '../helpers/scripted-server.ts';
import { until } from '../helpers/until.ts';
import { describeWith } from '../helpers/when.ts';

const ROOT = join(import.meta.dirname, '../..');
const BIN = join(ROOT, 'bin/regctl.js');
/** Set to write the pictures of docs/ui.md. */
const PICTURES = process.env['REGCTL_PICTURES'] !== undefined;
const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
const EVIL = '<script>alert(1)</script><img src=x onerror=alert(2)>\u001b[31m\u202e"\'';
const NAMES = Array.from({ length: 5_000 }, (_, i) => `team-${i % 7}/app-${i}`);

describeWith(['chromium'], 'regctl ui in Chromium', () => {
  let machine: Machine;
  let registry: RegistryServer;
  let large: ScriptedServer;
  let bare: ScriptedServer;
  let ui: ChildProcess;
  let said = '';
  let sbom = '';
  let browser: Browser;
  let first: BrowserContext;
  let origin: string;

  beforeAll(async () => {
    machine = await newMachine('program');
    registry = await startRegistryServer({ storage: createMemoryStorage(), allowDelete: true });
    large = await startScriptedServer(({ path }) => answer(path));
    bare = await startScriptedServer(() => ({ status: 404 }));
    sbom = await fill(`http://${registry.host}`);
    await fakeOpener(machine);
    const args = [BIN, 'ui', '--allow-delete', registry.host];
    const path = `${machine.dir.join('bin')}:${machine.env['PATH']}`;
    ui = spawn(process.execPath, args, {
      env: { ...machine.env, PATH: path, OPENED: machine.dir.join('opened') },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    ui.stderr?.on('data', (chunk: Buffer) => (said += String(chunk)));
    await until(() => /serving pages at (\S+)/u.test(said));
    origin = /serving pages at (\S+)/u.exec(said)?.[1] ?? '';
    browser = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      args: ['--no-sandbox'],
    });
  });
  afterAll(async () => {
    await browser?.close();
    ui?.kill('SIGINT');
    if (ui?.exitCode === null) await once(ui, 'exit');
    await large?.close();
    await bare?.close();
    await registry?.close();
    await machine?.[Symbol.asyncDispose]();
  });

  /** A page with the login of the first one; fails for dialogs, errors and requests elsewhere. */
  async function open(
    path: string,
    options: Parameters<Browser['newContext']>[0] = {},
  ): Promise<Page> {
    const storageState = await first.storageState();
    const context = await browser.newContext({ storageState, ...options });
    const page = await context.newPage();
    watch(page);
    await page.goto(`${origin}${path}`);
    return page;
  }

  const trouble: string[] = [];
  function watch(page: Page): void {
    page.on('dialog', (dialog) => trouble.push(`dialog ${dialog.message()}`));
    page.on('pageerror', (error) => trouble.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().includes('404')) {
        trouble.push(message.text());
      }
    });
    page.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith(origin) && !url.startsWith('file:')) trouble.push(`request to ${url}`);
    });
  }

  it('is opened by a private file, whose key works once', async () => {
    const opened = machine.dir.join('opened');
    await until(async () => (await readFile(opened, 'utf8').catch(() => '')).endsWith('\n'));
    const url = (await readFile(opened, 'utf8')).trim();
    const file = fileURLToPath(url);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    first = await browser.newContext({ viewport: { width: 1200, height: 900 } });
    const page = await first.newPage();
    await page.goto(url);
    await page.waitForURL(`${origin}/repositories**`);
    expect(await page.textContent('h1')).toContain('Repositories');

    const stranger = await (await browser.newContext()).newPage();
    await stranger.goto(url);
    await stranger.waitForURL(`${origin}/**`);
    expect(await stranger.textContent('h1')).toBe('This page is locked');
    await stranger.context().close();
  });

  it('has no fault of WCAG 2.2 AA, light, dark and narrow, and no scroll bar at 360 px', async () => {
    const host = registry.host;
    const index = await digestOf(`http://${host}`, 'infra/nginx', '1.27');
    const paths: Readonly<Record<string, string>> = {
      registries: '/registries',
      repositories: `/repositories?registry=${host}`,
      large: `/repositories?registry=${large.host}`,
      tags: `/tags?repository=${host}/infra/nginx`,
      many: `/tags?repository=${host}/many`,
      untagged: `/tags?repository=${host}/infra/nginx&untagged=1`,
      image: `/image?image=${host}/infra/nginx:1.27`,
      missing: `/image?image=${host}/broken:1`,
      artifact: `/image?image=${host}/chart:1`,
      evil: `/image?image=${host}/evil:1`,
      referrers: `/referrers?image=${host}/infra/nginx:1.27`,
      files: `/files?image=${host}/infra/nginx:1.27`,
      compare: `/compare?repository=${host}/infra/nginx&tag=1.27&tag=1.26`,
      compareFiles: `/compare-files?a=${host}/infra/nginx:1.27&b=${host}/infra/nginx:1.25`,
      content: `/content?repository=${host}/infra/nginx&digest=${sbom}`,
      plan: `/delete?repository=${host}/infra/nginx&tag=${index}`,
      nothing: '/nope',
    };
    const looks = [
      ['light', { viewport: { width: 1200, height: 900 } }],
      ['dark', { viewport: { width: 1200, height: 900 }, colorScheme: 'dark' }],
      ['narrow', { viewport: { width: 360, height: 740 } }],
    ] as const;
    const faults: unknown[] = [];
    for (const [look, options] of looks) {
      const page = await open('/registries', options);
      for (const [name, path] of Object.entries(paths)) {
        await page.goto(`${origin}${path}`);
        await page.waitForLoadState('networkidle');
        // Through the debugger, as the policy of the page blocks an added script.
        await page.evaluate(axe.source);
        const { violations } = await page.evaluate<{ violations: readonly Violation[] }>(
          `axe.run({ runOnly: ${JSON.stringify(WCAG)} })`,
        );
        const found = violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
        if (found.length > 0) faults.push([look, name, found]);
        const wide = await page.evaluate<number>(
          'document.documentElement.scrollWidth - innerWidth',
        );
        if (wide > 0) faults.push([look, name, `${wide} px too wide`]);
        if (PICTURES && `${look}-${name}` in SHOWN) await picture(page, `${look}-${name}`);
      }
      await page.context().close();
    }
    expect(faults).toEqual([]);
    expect(trouble).toEqual([]);
  });

  it('works with script switched off', async () => {
    const page = await open(`/tags?repository=${registry.host}/many`, { javaScriptEnabled: false });
    expect(await page.locator('tbody tr').count()).toBe(20);
    expect(await page.locator('button[data-copy]:visible').count()).toBe(0);
    await page.getByRole('link', { name: 'Next' }).click();
    await page.waitForURL('**page=2**');
    expect(await page.textContent('.pager')).toContain('Page 2 of 250');
    await page.getByRole('searchbox', { name: 'Filter' }).fill('v1.4999*');
    await page.keyboard.press('Enter');
    await page.waitForURL('**filter=v1.4999**');
    expect(await page.textContent('.count-line')).toContain('1 of 5000 tags');
    await page.getByRole('link', { name: 'v1.4999', exact: true }).click();
    await page.waitForURL('**/image**');
    await page.getByText('Pull and copy').click();
    expect(await page.getByText(`docker pull ${registry.host}/many:v1.4999`).isVisible()).toBe(
      true,
    );
    await page.context().close();
  });

  it('filters as one types, fills rows in and copies', async () => {
    const permissions = ['clipboard-read', 'clipboard-write'];
    const page = await open(`/tags?repository=${registry.host}/infra/nginx`, { permissions });
    await expect.poll(() => page.locator('tr[data-fill]').count()).toBe(0);
    expect(await page.textContent('tbody')).toContain('ago');
    for (const [label, line] of COPIED) {
      await page.getByLabel(label).first().click();
      expect(await page.evaluate('navigator.clipboard.readText()')).toMatch(line);
    }

    await page.goto(`${origin}/repositories?registry=${registry.host}`);
    await expect.poll(() => page.textContent('.names')).toContain('infra/nginx 5 tags');
    await page.goto(`${origin}/repositories?registry=${large.host}`);
    expect(await page.textContent('.count-line')).toContain('5000 of 5000');
    // "/" leads to the filter.
    await page.keyboard.press('/');
    await page.keyboard.type('app-4999');
    await expect.poll(() => page.textContent('.count-line')).toContain('1 of 5000');
    expect(page.url()).toContain('filter=app-4999');
    await page.context().close();
  });

  it('shows a registry without a catalog, and opens any name', async () => {
    const page = await open(`/tags?repository=${registry.host}/infra/nginx`);
    await page.goto(`${origin}/repositories?registry=${bare.host}`);
    expect(await page.textContent('[role=alert]')).toContain('cannot list repositories');
    await page.getByLabel('Open').fill(`${registry.host}/infra/nginx:1.27`);
    await page.keyboard.press('Enter');
    await page.waitForURL(`${origin}/image**`);
    expect(await page.textContent('h1')).toBe(`${registry.host}/infra/nginx:1.27`);
    await page.context().close();
  });

  it('has a switch for its colors and one for the registry, by keyboard and without script', async () => {
    const page = await open(`/tags?repository=${registry.host}/infra/nginx`, {
      javaScriptEnabled: false,
      colorScheme: 'light',
    });
    const shade = (): Promise<string> =>
      page.evaluate('getComputedStyle(document.documentElement).backgroundColor');
    const light = await shade();
    await page.getByRole('button', { name: 'dark colors' }).press('Enter');
    await page.waitForURL('**/tags?repository=**');
    expect(await shade()).not.toBe(light);
    await page.getByRole('button', { name: 'dark colors' }).press('Enter');
    await page.waitForURL('**/tags?repository=**');
    expect(await shade()).toBe(light);
    await page.getByLabel('Registry').selectOption(`${registry.host}/`);
    await page.getByRole('button', { name: 'Go' }).press('Enter');
    await page.waitForURL('**/repositories?registry=**');
    await page.context().close();
  });

  it('deletes by keyboard only, after what shares the digest was confirmed', async () => {
    const page = await open(`/tags?repository=${registry.host}/doomed`);
    await page.waitForLoadState('networkidle');
    await focus(page, 'input[name=tag]');
    await page.keyboard.press('Space');
    await focus(page, 'button[formaction="/delete"]');
    await page.keyboard.press('Enter');
    await page.waitForURL(`${origin}/delete**`);
    expect(await page.textContent('.doomed')).toContain('I also delete: 1');
    await focus(page, 'button[value=delete]');
    await page.keyboard.press('Enter');
    // The browser asks for the confirmation.
    expect(new URL(page.url()).search).not.toBe('');
    await focus(page, 'input[name=also]');
    await page.keyboard.press('Space');
    await focus(page, 'button[value=delete]');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.textContent('h1')).toBe('Deleted');
    expect(trouble).toEqual([]);
    const left = await fetch(`http://${registry.host}/v2/doomed/tags/list`);
    expect(((await left.json()) as { tags: unknown }).tags).toEqual(['other']);
    await page.context().close();
  });
});

/** Labels of buttons, and what they copy. */
const COPIED: readonly (readonly [RegExp, RegExp])[] = [
  [/^Copy the line for 1\.27$/u, /^docker pull [\d.:]+\/infra\/nginx:1\.27$/u],
  [/^Copy digest/u, /^sha256:[0-9a-f]{64}$/u],
];

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string }[];
}

/** Pictures in docs/images/, by the look and the page. */
const SHOWN: Readonly<Record<string, string>> = {
  'light-tags': 'ui-tags',
  'dark-image': 'ui-image',
  'narrow-tags': 'ui-narrow',
};

async function picture(page: Page, name: string): Promise<void> {
  await mkdir(join(ROOT, 'docs/images'), { recursive: true });
  await page.screenshot({
    path: join(ROOT, `docs/images/${SHOWN[name]}.png`),
    clip: { x: 0, y: 0, width: page.viewportSize()?.width ?? 0, height: 690 },
  });
}

/** Presses Tab until an element that matches has the focus. */
async function focus(page: Page, selector: string): Promise<void> {
  for (let i = 0; i < 200; i += 1) {
    const is = `document.activeElement?.matches(${JSON.stringify(selector)}) === true`;
    if (await page.evaluate<boolean>(is)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab does not reach ${selector}`);
}

/** A registry with 5,000 repositories. */
function answer(path: string): { status: number; headers?: Record<string, string>; body: string } {
  const { pathname, searchParams } = new URL(path, 'http://x');
  if (pathname !== '/v2/_catalog') return { status: 200, body: '{}' };
  const start = NAMES.indexOf(searchParams.get('last') ?? '') + 1;
  const names = NAMES.slice(start, start + 1000);
  const next = `</v2/_catalog?n=1000&last=${encodeURIComponent(names.at(-1) ?? '')}>; rel="next"`;
  const headers = start + 1000 < NAMES.length ? { link: next } : {};
  return { status: 200, headers, body: JSON.stringify({ repositories: names }) };
}

/** What stands for the user's way to open a browser writes down what it was given. */
async function fakeOpener({ dir }: Machine): Promise<void> {
  await mkdir(dir.join('bin'), { recursive: true });
  const file = dir.join('bin', 'xdg-open');
  await writeFile(file, '#!/bin/sh\necho "$1" > "$OPENED"\n');
  await chmod(file, 0o755);
}

async function digestOf(base: string, repository: string, tag: string): Promise<string> {
  const accept =
    'application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json';
  const url = `${base}/v2/${repository}/manifests/${tag}`;
  const response = await fetch(url, { method: 'HEAD', headers: { accept } });
  return response.headers.get('docker-content-digest') ?? '';
}

/** Resolves to the digest of an SBOM. */
async function fill(base: string): Promise<string> {
  const nginx = await makeIndex({ layers: 3, layerSize: 400_000 });
  await pushImage(base, 'infra/nginx', ['1.27', 'latest', '1'], nginx);
  await pushImage(
    base,
    'infra/nginx',
    ['1.26'],
    await makeIndex({ layers: 2, layerSize: 500_000 }),
  );
  await pushImage(
    base,
    'infra/nginx',
    ['1.25'],
    await makeImage({ layerSize: 250_000, created: '2025-11-02T03:04:05.5Z' }),
  );
  const proofs = [
    makeArtifact({
      subject: nginx.root,
      type: 'application/vnd.cncf.notary.signature',
      documents: [['application/jose+json', { payload: '' }]],
    }),
    makeArtifact({
      subject: nginx.root,
      type: 'application/spdx+json',
      documents: [
        ['application/spdx+json', { spdxVersion: 'SPDX-2.3', packages: [{ name: EVIL }] }],
      ],
    }),
  ];
  for (const one of proofs) await pushImage(base, 'infra/nginx', [one.root.digest], one);
  await pushImage(
    base,
    'evil',
    ['1'],
    await makeImage({ labels: { [EVIL]: EVIL, url: 'javascript:alert(3)' } }),
  );

  const broken = await makeIndex();
  await pushImage(base, 'broken', ['1'], broken);
  const [child] = [...broken.nodes.values()].filter(({ descriptor }) =>
    descriptor.mediaType.includes('manifest.v1'),
  );
  await fetch(`${base}/v2/broken/manifests/${child?.descriptor.digest}`, { method: 'DELETE' });

  await pushImage(
    base,
    'chart',
    ['1'],
    makeArtifact({
      type: 'application/vnd.cncf.helm.config.v1+json',
      documents: [['application/json', { name: EVIL }]],
    }),
  );
  await pushImage(base, 'doomed', ['2', '1'], await makeImage());
  await pushImage(base, 'doomed', ['other'], await makeImage());

  const image = await makeImage({ layers: 1 });
  await pushImage(base, 'many', ['v1.0'], image);
  const manifest = JSON.parse(
    Buffer.from(image.nodes.get(image.root.digest)?.bytes ?? []).toString(),
  ) as object;
  const put = (tag: string): Promise<unknown> =>
    fetch(`${base}/v2/many/manifests/${tag}`, {
      method: 'PUT',
      headers: { 'content-type': image.root.mediaType },
      body: JSON.stringify({ ...manifest, annotations: { tag } }),
    });
  for (let i = 1; i < 5_000; i += 50) {
    const tags = Array.from({ length: Math.min(50, 5_000 - i) }, (_, at) => `v1.${i + at}`);
    await Promise.all(tags.map(put));
  }
  return proofs[1]?.root.digest ?? '';
}
