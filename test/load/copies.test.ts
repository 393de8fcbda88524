import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { image, index, blob, configFor, type TestImage } from '../helpers/graphs.ts';
import { CONNECTIONS, FULL, newLab, smallImage, tell, type Lab, type Watched } from './lab.ts';
import { startLoadRegistry, type LoadRegistry } from './registry.ts';

const TAGS = FULL ? 5000 : 60;

let lab: Lab;
let src: LoadRegistry;
let dst: LoadRegistry;
beforeAll(async () => {
  [lab, src, dst] = await Promise.all([newLab(), startLoadRegistry(), startLoadRegistry()]);
});
afterAll(() => Promise.all([lab, src, dst].map((one) => one[Symbol.asyncDispose]())));

/** Copies, and checks that neither side saw more connections than there are slots. */
const copy = async (what: string, args: readonly string[]): Promise<Watched> => {
  // The end of a process is seen a little later.
  await expect.poll(() => src.open() + dst.open(), { timeout: 10_000 }).toBe(0);
  src.reset();
  dst.reset();
  const done = await lab.regctl(['copy', '--progress', 'plain', ...args]);
  const most = Math.max(src.peak(), dst.peak());
  tell(what, done, most);
  expect(most, `connections of ${what}`).toBeLessThanOrEqual(CONNECTIONS);
  return done;
};

describe(`a repository of ${TAGS} tags`, () => {
  const images = new Map<string, TestImage>();
  beforeAll(async () => {
    for (let i = 0; i < TAGS; i += 1) images.set(`v${i}`, smallImage(`many ${i}`));
    for (const [tag, one] of images) await src.put('many', one, tag);
  });

  const expectAll = async (registry: LoadRegistry, repository: string): Promise<void> => {
    const wanted = [...images].map(([tag, { descriptor }]) => [tag, descriptor.digest]);
    expect(new Map(await registry.tags(repository))).toEqual(new Map(wanted as [string, string][]));
    for (const one of images.values()) expect(await registry.missing(repository, one)).toEqual([]);
  };

  it('is copied between registries, and looked at again, each shared layer once', async () => {
    const pair = [`${src.host}/many`, `${dst.host}/many`];
    await copy(`registry → registry, ${TAGS} tags`, ['--all-tags', ...pair]);
    await expectAll(dst, 'many');
    expect(dst.count('PUT', /\/blobs\//u)).toBe(2 * TAGS + 1);
    const again = await copy(`… again, nothing to do`, ['--all-tags', ...pair]);
    expect(again.stderr).toContain(`${TAGS} unchanged`);
    expect(dst.count('PUT', /./u)).toBe(0);
  });

  it.each([
    ['oci', 'oci:layout'],
    ['oci-archive', 'oci-archive:layout.tar'],
  ])('goes to %s and from there to a registry', async (scheme, place) => {
    await copy(`registry → \`${scheme}:\`, ${TAGS} tags`, [
      '--all-tags',
      `${src.host}/many`,
      place,
    ]);
    const back = `back-${scheme}`;
    await copy(`\`${scheme}:\` → registry, ${TAGS} tags`, [
      '--all-tags',
      place,
      `${dst.host}/${back}`,
    ]);
    await expectAll(dst, back);
  });

  it('is described tag by tag', async () => {
    src.reset();
    const done = await lab.regctl(['tags', '--long', '-o', 'json', `${src.host}/many`]);
    tell(`\`tags --long\`, ${TAGS} tags`, done, src.peak());
    const { Details } = JSON.parse(done.stdout) as { Details: { Name: string; Digest: string }[] };
    const digests = new Map(Details.map(({ Name, Digest }) => [Name, Digest]));
    expect(digests).toEqual(await src.tags('many'));
    expect(src.peak()).toBeLessThanOrEqual(CONNECTIONS);
  });
});

it('an index of 500 images is copied whole', async () => {
  const images = Array.from({ length: 500 }, (_, i) => smallImage(`child ${i}`, 2));
  const root = index(images);
  await src.put('wide', root, 'v1');
  await copy('an index of 500 images, 2,001 nodes', [`${src.host}/wide:v1`, `${dst.host}/wide:v1`]);
  expect(await dst.missing('wide', root)).toEqual([]);
  expect((await dst.tags('wide')).get('v1')).toBe(root.descriptor.digest);
});

it('an image of 2,000 layers is copied whole', async () => {
  const layers = Array.from({ length: 2000 }, (_, i) => blob(`layer ${i} of many`));
  const root = image({ config: configFor('amd64'), layers });
  await src.put('deep', root, 'v1');
  const done = await copy('an image of 2,000 layers', [
    `${src.host}/deep:v1`,
    `${dst.host}/deep:v1`,
  ]);
  expect(done.stderr).toContain('2002 parts: 2002 written');
  expect(await dst.missing('deep', root)).toEqual([]);
});

describe('signatures', () => {
  const subjects = Array.from({ length: FULL ? 500 : 30 }, (_, i) => smallImage(`signed ${i}`));
  const crowd = FULL ? 500 : 100;
  const sign = (subject: TestImage, name: string): TestImage =>
    image({ layers: [blob(name)], subject: subject.descriptor, artifactType: 'application/x.sig' });
  const signed = new Map<TestImage, readonly TestImage[]>(
    subjects.map((one, i) => {
      const length = i === 0 ? crowd : 2;
      return [one, Array.from({ length }, (_, k) => sign(one, `signature ${k} of ${i}`))];
    }),
  );
  beforeAll(async () => {
    for (const [i, subject] of subjects.entries()) await src.put('signed', subject, `v${i}`);
    for (const one of [...signed.values()].flat()) await src.put('signed', one);
  });

  const expectSigned = async (repository: string): Promise<void> => {
    for (const [subject, all] of signed) {
      const digests = all.map(({ descriptor }) => descriptor.digest);
      expect(await dst.referrers(repository, subject)).toEqual(digests.toSorted());
      for (const one of all) expect(await dst.missing(repository, one)).toEqual([]);
    }
  };

  it('of many images go along, from a registry and through a layout', async () => {
    const many = ['--all-tags', '--referrers'];
    const what = `${subjects.length} tags, ${[...signed.values()].flat().length} signatures`;
    await copy(`registry → registry, ${what}`, [...many, `${src.host}/signed`, `${dst.host}/a`]);
    await expectSigned('a');
    await copy(`registry → \`oci:\`, ${what}`, [...many, `${src.host}/signed`, 'oci:signed']);
    await copy(`\`oci:\` → registry, ${what}`, [...many, 'oci:signed', `${dst.host}/b`]);
    await expectSigned('b');
  });
});
