import { describe, expect, it } from 'vitest';
import type { ReadStore } from '../../src/store/types.ts';
import { makeImage, makeIndex } from '../helpers/images.ts';
import { startPages, type Pages, type Seen } from './browser.ts';

const REPOSITORY = 'reg.example/app';
const PLAN = `/delete?repository=${REPOSITORY}`;

const open = (pages: Pages): Promise<ReadStore> =>
  pages.sources.openRead(pages.sources.locate(REPOSITORY));

async function tagsOf(pages: Pages): Promise<readonly string[]> {
  const store = await open(pages);
  return (await Array.fromAsync(store.capabilities.tags?.tags() ?? [])).flat().toSorted();
}

/** The form of a page as a browser sends it; `ticked` are the names of its ticked boxes. */
function formOf({ html }: Seen, ticked: readonly string[] = []): Record<string, string[]> {
  const form: Record<string, string[]> = {};
  for (const [, attributes = ''] of html.matchAll(/<input([^>]*)>/gu)) {
    const read = (name: string): string =>
      new RegExp(` ${name}="([^"]*)"`, 'u').exec(attributes)?.[1]?.replaceAll('&amp;', '&') ?? '';
    const name = read('name');
    if (read('type') !== 'hidden' && !ticked.includes(name)) continue;
    form[name] = [...(form[name] ?? []), read('value')];
  }
  return form;
}

describe('without --allow-delete', () => {
  it('there is nothing that deletes', async () => {
    await using pages = await startPages();
    await pages.push('app', ['1'], await makeImage());
    expect((await pages.get(`${PLAN}&tag=1`)).status).toBe(404);
    expect((await pages.post('/delete', { repository: REPOSITORY })).status).toBe(404);
    for (const path of [`/tags?repository=${REPOSITORY}`, `/image?image=${REPOSITORY}:1`]) {
      expect((await pages.get(path)).html).not.toContain('/delete');
    }
  });
});

describe('a deletion', () => {
  it('shows what else goes, and takes its confirmation', async () => {
    await using pages = await startPages({ allowDelete: true });
    await pages.push('app', ['1.27', '1', 'latest'], await makeImage());
    await pages.push('app', ['other'], await makeImage());
    const page = await pages.get(`${PLAN}&tag=1.27`);
    expect(page.text).toContain('I also delete: 1, latest');
    expect(page.text).toContain(`regctl delete --force ${REPOSITORY}:1.27`);

    const refused = await pages.post('/delete', { ...formOf(page), action: 'delete' });
    expect(refused.status).toBe(403);
    expect(refused.text).toContain('also has the tags 1, latest');
    expect(await tagsOf(pages)).toEqual(['1', '1.27', 'latest', 'other']);

    const done = await pages.post('/delete', { ...formOf(page, ['also']), action: 'delete' });
    expect([done.status, done.text.includes(`${REPOSITORY}:1.27 was deleted`)]).toEqual([
      200,
      true,
    ]);
    expect(await tagsOf(pages)).toEqual(['other']);
  });

  it('of a tag alone leaves its image', async () => {
    await using pages = await startPages({ allowDelete: true });
    await pages.push('app', ['1', 'latest'], await makeImage());
    const page = await pages.get(`${PLAN}&tag=1`);
    expect((await pages.post('/delete', { ...formOf(page), action: 'untag' })).status).toBe(200);
    expect(await tagsOf(pages)).toEqual(['latest']);
  });

  it('is refused if a tag moved, or came, since its page was shown', async () => {
    await using pages = await startPages({ allowDelete: true });
    const image = await makeImage();
    await pages.push('app', ['1'], image);
    const page = await pages.get(`${PLAN}&tag=1`);
    await pages.push('app', ['late'], image);
    const late = await pages.post('/delete', { ...formOf(page), action: 'delete' });
    expect([late.status, late.text.includes('also has the tag late')]).toEqual([403, true]);

    await pages.push('app', ['1'], await makeImage());
    for (const action of ['delete', 'untag']) {
      const moved = await pages.post('/delete', { ...formOf(page), action });
      expect([moved.status, moved.text.includes('has moved')]).toEqual([403, true]);
    }
    expect(await tagsOf(pages)).toEqual(['1', 'late']);
  });

  it('of what an index lists needs to be confirmed too', async () => {
    await using pages = await startPages({ allowDelete: true });
    const index = await makeIndex();
    await pages.push('app', ['1'], index);
    const [child] = [...index.nodes.values()].filter(({ descriptor }) =>
      descriptor.mediaType.includes('manifest'),
    );
    const digest = child?.descriptor.digest ?? '';
    const page = await pages.get(`${PLAN}&tag=${digest}`);
    expect(page.text).toContain('I break the index that list it: 1');
    const refused = await pages.post('/delete', { ...formOf(page), action: 'delete' });
    expect([refused.status, refused.text.includes('an index lists')]).toEqual([403, true]);
    const done = await pages.post('/delete', { ...formOf(page, ['break']), action: 'delete' });
    expect(done.status).toBe(200);
    expect((await pages.get(`/image?image=${REPOSITORY}@${digest}`)).status).toBe(404);
  });

  it('of all tags that match a filter', async () => {
    await using pages = await startPages({ allowDelete: true });
    for (const tag of ['pr-1', 'pr-2', 'v1']) await pages.push('app', [tag], await makeImage());
    const list = await pages.get(`/tags?repository=${REPOSITORY}&filter=pr-*`);
    expect(list.html).toContain('href="/delete?repository=reg.example%2Fapp&amp;filter=pr-*"');
    const page = await pages.get(`${PLAN}&filter=pr-*`);
    expect(page.text).toContain('Delete 2 images');
    expect((await pages.post('/delete', { ...formOf(page), action: 'delete' })).status).toBe(200);
    expect(await tagsOf(pages)).toEqual(['v1']);
    expect((await pages.get(`${PLAN}&filter=none*`)).status).toBe(400);
  });

  it('offers to take the referrers too', async () => {
    await using pages = await startPages({ allowDelete: true });
    const image = await makeImage();
    await pages.push('app', ['1'], image);
    const referrer = await makeImage({ subject: image.root });
    await pages.push('app', [referrer.root.digest], referrer);
    const page = await pages.get(`${PLAN}&tag=1`);
    expect(page.text).toContain('Also delete signatures, SBOMs and attestations (1)');
    const form = formOf(page, ['referrers']);
    expect((await pages.post('/delete', { ...form, action: 'delete' })).status).toBe(200);
    const left = await pages.get(`/image?image=${REPOSITORY}@${referrer.root.digest}`);
    expect(left.status).toBe(404);
  });

  it.each([
    ['no token', { token: '' }, {}],
    ['a wrong token', { token: 'x' }, {}],
    ['no origin', {}, { origin: '' }],
    ['another origin', {}, { origin: 'http://127.0.0.1:1' }],
    ['the origin of a file', {}, { origin: 'null' }],
    ['another host', {}, { host: 'evil.example' }],
    ['another site', {}, { 'sec-fetch-site': 'same-site' }],
  ])('with %s is refused', async (_name, fields, headers) => {
    await using pages = await startPages({ allowDelete: true });
    await pages.push('app', ['1'], await makeImage());
    const page = await pages.get(`${PLAN}&tag=1`);
    const form = { ...formOf(page), action: 'delete', ...fields };
    const answer = await pages.post('/delete', form, headers);
    expect([401, 403, 421]).toContain(answer.status);
    expect(await tagsOf(pages)).toEqual(['1']);
  });

  it('that names nothing, or is too long, is refused', async () => {
    await using pages = await startPages({ allowDelete: true });
    await pages.push('app', ['1'], await makeImage());
    expect((await pages.get(PLAN)).status).toBe(400);
    expect((await pages.get(`${PLAN}&tag=none`)).status).toBe(404);
    const form = formOf(await pages.get(`${PLAN}&tag=1`));
    expect((await pages.post('/delete', { ...form, item: 'x' })).status).toBe(400);
    expect((await pages.post('/delete', { ...form, x: 'x'.repeat(2 ** 20) })).status).toBe(400);
    expect(pages.bugs).toEqual([]);
  });
});
