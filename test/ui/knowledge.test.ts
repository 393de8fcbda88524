import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/errors/app-error.ts';
import type { Verdict } from '../../src/signing/types.ts';
import type { UiSources } from '../../src/ui/types.ts';
import { makeArtifact } from '../helpers/artifact.ts';
import { makeImage, makeIndex } from '../helpers/images.ts';
import { NOW, startPages, type Pages } from './browser.ts';

const IMAGE = '/image?image=reg.example/app:1';

describe('the list of repositories', () => {
  it('says the age of latest and how many images have a signature of cosign', async () => {
    await using pages = await startPages();
    const image = await makeImage();
    await pages.push('app', ['1', 'latest'], image);
    await pages.push('app', [`${image.root.digest.replace(':', '-')}.sig`], await makeImage());
    pages.requests();
    const count = await pages.get('/count?repository=reg.example/app');
    expect(count.text).toBe('2 tags · latest 4 weeks ago · 1 signed');
    expect(pages.requests()).toHaveLength(4);
  });

  it('is sorted by name, or by what was opened last', async () => {
    await using own = await startPages();
    for (const name of ['a', 'b', 'c']) await own.push(name, ['1'], await makeImage());
    for (const name of ['c', 'b']) await own.get(`/tags?repository=reg.example/${name}`);
    const namesOf = async (query: string): Promise<readonly string[]> => {
      const { html } = await own.get(`/repositories?registry=reg.example${query}`);
      return [...html.matchAll(/<li><a href="[^"]*">([abc])</gu)].map(([, name = '']) => name);
    };
    expect(await namesOf('')).toEqual(['a', 'b', 'c']);
    expect(await namesOf('&sort=opened')).toEqual(['b', 'c', 'a']);
    expect(await namesOf('&sort=x')).toEqual(['a', 'b', 'c']);
  });
});

describe('layers in other tags', () => {
  it('are found when asked for, of the platform that is shown', async () => {
    await using pages = await startPages();
    const one = await makeIndex();
    await pages.push('app', ['1', 'latest'], one);
    const [child] = [...one.nodes.values()].filter(({ descriptor }) =>
      descriptor.mediaType.includes('manifest'),
    );
    const { layers } = JSON.parse(Buffer.from(child?.bytes ?? []).toString()) as {
      layers: readonly { digest: string }[];
    };
    // The first platform as an image of its own has the same layers.
    const single = { root: child?.descriptor ?? one.root, nodes: one.nodes };
    await pages.push('app', ['2'], single);
    await pages.push('app', ['3'], await makeImage());
    pages.requests();
    const plain = await pages.get(IMAGE);
    expect(plain.text).toContain('Which other tags have these layers: up to 101 requests');
    expect(plain.text).not.toContain('other tag here');
    const before = pages.requests().length;
    const page = await pages.get(`${IMAGE}&shared=1`);
    expect(page.text.match(/in 1 other tag here 2/gu)).toHaveLength(layers.length);
    expect(page.text).toContain('4 of 4 tags were searched for these layers');
    expect(pages.requests().length - before).toBe(5);
  });

  it('are not looked for where reading counts as pulls', async () => {
    await using pages = await startPages();
    await pages.push('library/app', ['1'], await makeImage());
    expect((await pages.get('/image?image=app:1')).text).not.toContain('Which other tags');
  });
});

describe('the history of a tag', () => {
  it('is what the pages saw, and only of a tag that moved', async () => {
    let now = NOW.getTime();
    await using pages = await startPages({ now: () => new Date(now) });
    const [old, fresh] = [await makeImage(), await makeImage({ labels: { a: 'b' } })];
    await pages.push('app', ['1'], old);
    expect((await pages.get(IMAGE)).text).not.toContain('History');
    await pages.push('app', ['1'], fresh);
    now += 3_600_000;
    await pages.get('/tags?repository=reg.example/app');
    now += 3_600_000;
    const page = await pages.get(IMAGE);
    expect(page.text).toMatch(
      /History of the tag.* seen first 60 minutes ago.* seen first 2 hours ago , last 2 hours ago/u,
    );
    const path = /href="(\/compare[^"]*)"/u.exec(page.html)?.[1]?.replaceAll('&amp;', '&');
    expect((await pages.get(path ?? '')).text).toContain(fresh.root.digest.slice(7, 19));
  });
});

describe('signatures', () => {
  async function signed(
    verify?: (digest: Verdict['digest']) => UiSources['verify'],
  ): Promise<Pages> {
    const own = await startPages();
    const image = await makeImage();
    await own.push('app', ['1'], image);
    const type = 'application/vnd.dev.sigstore.bundle.v0.3+json';
    const proof = makeArtifact({ subject: image.root, type, documents: [[type, {}]] });
    await own.push('app', [proof.root.digest], proof);
    const pages = await startPages({
      sources: { ...own.sources, verify: verify?.(proof.root.digest) },
    });
    return {
      ...pages,
      [Symbol.asyncDispose]: async () => {
        await pages[Symbol.asyncDispose]();
        await own[Symbol.asyncDispose]();
      },
    };
  }
  const PATH = '/referrers?image=reg.example/app:1';
  const verdict = (digest: Verdict['digest']): Verdict => ({
    form: 'bundle',
    digest,
    subject: digest,
  });

  it('are not checked without keys, which is said', async () => {
    await using pages = await signed();
    const page = await pages.get(PATH);
    expect(page.text).toContain('No signature was checked: start regctl ui with --verify-key FILE');
    expect(page.text).not.toContain('✔');
  });

  it('that count say whose they are', async () => {
    await using pages = await signed((digest) => async () => [
      { ...verdict(digest), signer: { name: 'key <b>.pub', id: '1' } },
    ]);
    const page = await pages.get(PATH);
    expect(page.text).toContain('✔ A signature of this image counts');
    expect(page.text).toContain('✔ checked, by key <b>.pub');
  });

  it('that do not count say why, and a rejected image is a problem', async () => {
    await using other = await signed((digest) => async () => [
      { ...verdict(digest), reason: 'no key signed it' },
    ]);
    expect((await other.get(PATH)).text).toContain('does not count: no key signed it');
    await using pages = await signed(() => async () => {
      throw new AppError('POLICY_REJECTED', 'cannot trust app:1', { why: ['no key signed it'] });
    });
    const page = await pages.get(PATH);
    expect(page.status).toBe(200);
    expect(page.text).toContain('cannot trust app:1 no key signed it');
    await using free = await signed(() => async () => undefined);
    expect((await free.get(PATH)).text).toContain('accepts this image without a signature');
  });
});
