import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { hexOf, type Digest } from '../../src/oci/digest.ts';
import { makeCertificates, type Certificates } from '../helpers/certificates.ts';
import { startCounted, type Counted } from './counted-registry.ts';
import { startDockerRegistry, type DockerRegistry } from '../helpers/docker-registry.ts';
import { makeImage, makeIndex, pushImage, type TestImage } from '../helpers/images.ts';
import { describeWith } from '../helpers/when.ts';
import { newMachine, type Machine } from './regctl.ts';

interface Many {
  readonly Images: readonly {
    readonly Tag: string;
    readonly Digest?: string;
    readonly Outcome?: string;
    readonly Error?: { readonly code: string };
  }[];
  readonly Requests: number;
}

describeWith(['docker-registry', 'openssl'], 'a repository of 20 tags', () => {
  let certificates: Certificates;
  let src: Counted;
  let dst: Counted;
  let machine: Machine;

  beforeAll(async () => {
    certificates = await makeCertificates();
    [src, dst, machine] = await Promise.all([
      startCounted(certificates),
      startCounted(certificates),
      newMachine(),
    ]);
    for (let i = 0; i < 20; i += 1)
      await src.push('many', [`v1.${i}`], await makeImage({ layers: 2 }));
  });
  afterAll(async () => {
    await Promise.all([src, dst, machine, certificates].map((one) => one[Symbol.asyncDispose]()));
  });

  const copy = async (cache: 'on' | 'off'): Promise<Many> => {
    src.reset();
    dst.reset();
    const args = ['copy', '--all-tags', `${src.host}/many`, `${dst.host}/many`];
    const creds = ['--src-creds', 'ann:secret', '--dest-creds', 'ann:secret'];
    const env = { REGCTL_CACHE: cache };
    return (await machine.json([...args, ...creds], { env })) as Many;
  };
  const seen = (): string => [...src.list(), '--', ...dst.list()].join('\n');

  it('is copied in at most 250 requests, and looked at again in at most 46', async () => {
    const fresh = await copy('off');
    expect(fresh.Images.filter(({ Outcome }) => Outcome === 'copied')).toHaveLength(20);
    expect(src.count() + dst.count(), seen()).toBeLessThanOrEqual(250);
    const again = await copy('off');
    expect(again.Images.filter(({ Outcome }) => Outcome === 'unchanged')).toHaveLength(20);
    expect(src.count() + dst.count(), seen()).toBeLessThanOrEqual(46);
    expect(again.Requests).toBe(src.count() + dst.count());
    expect(dst.list().filter((line) => /^(?:PUT|POST|PATCH) /.test(line))).toEqual([]);
    await copy('on');
    await copy('on');
    expect(src.count() + dst.count(), seen()).toBeLessThanOrEqual(42);
  });
});

describeWith(['docker-registry'], 'copying more than one image', () => {
  let registry: DockerRegistry;
  let other: DockerRegistry;
  let machine: Machine;
  const images: Record<string, TestImage> = {};

  beforeAll(async () => {
    [registry, other, machine] = await Promise.all([
      startDockerRegistry(),
      startDockerRegistry(),
      newMachine(),
    ]);
    for (const tag of ['1.0.0', '1.1.0', '2.0.0', 'nightly']) {
      images[tag] = await makeImage({ layers: 1 });
      await pushImage(registry.origin, 'app', [tag], images[tag]);
    }
  });
  afterAll(async () => {
    await Promise.all([registry, other, machine].map((one) => one[Symbol.asyncDispose]()));
  });

  const tagsOf = async (name: string): Promise<string[]> =>
    (await machine.expect(0, ['tags', name])).stdout.trim().split('\n').toSorted();

  it('takes the tags that were chosen, and prints each with its digest', async () => {
    const to = `${other.host}/chosen`;
    const { stdout, stderr } = await machine.expect(0, [
      'copy',
      '--all-tags',
      '--semver',
      '^1',
      `${registry.host}/app`,
      to,
    ]);
    expect(await tagsOf(to)).toEqual(['1.0.0', '1.1.0']);
    expect(stdout.trim().split('\n').toSorted()).toEqual(
      ['1.0.0', '1.1.0'].map((tag) => `${to}:${tag}@${images[tag]?.root.digest}`),
    );
    expect(stderr).toContain('tags: 2 copied, 0 unchanged, 0 failed');
  });

  it('--newest takes the highest versions, or the youngest images', async () => {
    const to = `${other.host}/newest`;
    const choice = ['copy', '--all-tags', '--newest', '1', `${registry.host}/app`];
    await machine.expect(0, [...choice, '--semver', '*', to]);
    expect(await tagsOf(to)).toEqual(['2.0.0']);
    await machine.expect(0, [...choice, '--include', '^n', to]);
    expect(await tagsOf(to)).toEqual(['2.0.0', 'nightly']);
  });

  it('a tag that fails leaves the others copied: exit 1, named', async () => {
    const broken = await makeImage({ layers: 1 });
    await pushImage(registry.origin, 'partly', ['good', 'bad'], broken);
    await pushImage(registry.origin, 'partly', ['good'], images['1.0.0'] as TestImage);
    const layer = hexOf([...broken.nodes.keys()][0] as Digest);
    const links = 'docker/registry/v2/repositories/partly/_layers/sha256';
    await rm(join(registry.storage, links, layer), { recursive: true });
    const to = `${other.host}/partly`;
    const { stdout, stderr } = await machine.expect(1, [
      'copy',
      '--all-tags',
      '--retry-times',
      '0',
      `${registry.host}/partly`,
      to,
    ]);
    expect(await tagsOf(to)).toEqual(['good']);
    expect(stdout).toContain(`${to}:good@`);
    expect(stderr).toContain('tags: 1 copied, 0 unchanged, 1 failed: bad');
  });

  it('a repository goes to an OCI layout and from there to a registry', async () => {
    await machine.expect(0, ['copy', '--all-tags', `${registry.host}/app`, 'oci:./layout']);
    expect(await tagsOf('oci:./layout')).toEqual(Object.keys(images).toSorted());
    await machine.expect(0, ['copy', '--all-tags', 'oci:./layout', `${other.host}/back`]);
    expect(await tagsOf(`${other.host}/back`)).toEqual(Object.keys(images).toSorted());
  });

  it('a repository goes to an archive of Docker’s, where tags have names, and back', async () => {
    const source = `${registry.host}/app`;
    await machine.expect(0, ['copy', '--all-tags', source, 'docker-archive:./all.tar']);
    expect(await tagsOf('docker-archive:./all.tar')).toEqual(
      Object.keys(images)
        .map((tag) => `${source}:${tag}`)
        .toSorted(),
    );
    const back = ['copy', '--all-tags', '--semver', '^1', 'docker-archive:./all.tar'];
    await machine.expect(0, [...back, `${other.host}/unpacked`]);
    expect(await tagsOf(`${other.host}/unpacked`)).toEqual(['1.0.0', '1.1.0']);
    await machine.expect(0, [...back, 'oci:./unpacked']);
    const named = ['copy', '--all-tags', 'oci:./unpacked'];
    await machine.expect(64, [...named, 'docker-archive:./named.tar']);
    await machine.expect(0, [...named, 'docker-archive:./named.tar:my/app']);
    expect(await tagsOf('docker-archive:./named.tar')).toEqual(['my/app:1.0.0', 'my/app:1.1.0']);
    await machine.expect(1, [...named, 'dir:./flat']);
  });

  it('--dry-run says what would be sent, to a registry and to a folder, and writes nothing', async () => {
    const plan = ['copy', '--dry-run', `${registry.host}/app:1.0.0`];
    const json = await machine.json([...plan, `${other.host}/dry:1`]);
    expect(json).toMatchObject({
      DryRun: true,
      Digest: images['1.0.0']?.root.digest,
      Blobs: { Written: 2, Mounted: 0, Present: 0 },
      DockerHubPulls: 0,
      Tags: [{ Tag: '1' }],
      Nodes: [{ Action: 'send' }, { Action: 'send' }, { Action: 'send' }],
    });
    await machine.expect(2, ['tags', `${other.host}/dry`]);
    const { stdout } = await machine.expect(0, [...plan, 'oci:./never:1']);
    expect(stdout).toContain('nothing was written');
    await expect(readFile(machine.dir.join('never', 'index.json'))).rejects.toThrow('ENOENT');
    await machine.expect(0, [
      'copy',
      '--dry-run',
      '--all-tags',
      `${registry.host}/app`,
      `${other.host}/dry`,
    ]);
  });

  it('--platform with two platforms writes an index that skopeo reads', async () => {
    await pushImage(registry.origin, 'multi', ['v1'], await makeIndex());
    const to = `${other.host}/subset:v1`;
    const platforms = ['--platform', 'linux/amd64,linux/arm/v7'];
    const { stderr } = await machine.expect(0, [
      'copy',
      ...platforms,
      `${registry.host}/multi:v1`,
      to,
    ]);
    expect(stderr).toContain('digest changes');
    const raw = JSON.parse((await machine.expect(0, ['manifest', to])).stdout) as {
      manifests: { platform: { architecture: string } }[];
    };
    expect(raw.manifests.map(({ platform }) => platform.architecture)).toEqual(['amd64', 'arm']);
    const missing = [
      'copy',
      '--platform',
      'linux/amd64,linux/s390x',
      `${registry.host}/multi:v1`,
      to,
    ];
    const { stderr: text } = await machine.expect(2, missing);
    expect(text).toContain('linux/arm64');
  });

  it('--referrers goes through the tag that stands in for the referrers API, twice the same', async () => {
    const subject = images['1.0.0'] as TestImage;
    const signed = await makeImage({ layers: 1, subject: subject.root });
    await pushImage(registry.origin, 'signed', ['1.0.0'], subject);
    await machine.expect(0, [
      'copy',
      `${registry.host}/app:nightly`,
      `${registry.host}/signed:sha256-${hexOf(subject.root.digest)}.sig`,
    ]);
    // regctl itself writes the stand-in when it pushes what has a subject.
    await pushImage(registry.origin, 'elsewhere', ['s'], signed);
    await machine.expect(0, [
      'copy',
      `${registry.host}/elsewhere:s`,
      `${registry.host}/signed@${signed.root.digest}`,
    ]);
    const to = `${other.host}/signed`;
    for (let round = 0; round < 2; round += 1) {
      await machine.expect(0, [
        'copy',
        '--referrers',
        `${registry.host}/signed:1.0.0`,
        `${to}:1.0.0`,
      ]);
      expect(await tagsOf(to)).toEqual(
        [
          '1.0.0',
          `sha256-${hexOf(subject.root.digest)}`,
          `sha256-${hexOf(subject.root.digest)}.sig`,
        ].toSorted(),
      );
    }
    const listed = await machine.expect(0, [
      'manifest',
      `${to}:sha256-${hexOf(subject.root.digest)}`,
    ]);
    expect(JSON.parse(listed.stdout)).toMatchObject({
      manifests: [{ digest: signed.root.digest }],
    });
    expect(JSON.parse(listed.stdout).manifests).toHaveLength(1);
  });
});
