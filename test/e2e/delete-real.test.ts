import { afterAll, beforeAll, expect, it } from 'vitest';
import { startDockerRegistry, type DockerRegistry } from '../helpers/docker-registry.ts';
import { makeImage, makeIndex, pushImage, writeLayout, type TestImage } from '../helpers/images.ts';
import { describeWith } from '../helpers/when.ts';
import { newMachine, type Machine } from './regctl.ts';

describeWith(['docker-registry'], 'delete on docker-registry, which cannot untag', () => {
  let registry: DockerRegistry;
  let locked: DockerRegistry;
  let machine: Machine;
  beforeAll(async () => {
    [registry, locked, machine] = await Promise.all([
      startDockerRegistry(),
      startDockerRegistry({ allowDelete: false }),
      newMachine(),
    ]);
  });
  afterAll(async () => {
    await Promise.all([registry, locked, machine].map((one) => one[Symbol.asyncDispose]()));
  });

  const tags = async (repo: string): Promise<string[]> => {
    const done = await machine.regctl(['tags', `${registry.host}/${repo}`]);
    return done.stdout.split('\n').filter(Boolean).sort();
  };

  it('refuses a tag whose digest another tag shares, and names the sibling', async () => {
    const image = await makeImage();
    await pushImage(registry.origin, 'shared', ['v1', 'stable'], image);
    await pushImage(registry.origin, 'shared', ['other'], await makeImage());
    const error = await machine.jsonError(3, ['delete', `${registry.host}/shared:v1`]);
    expect(error.code).toBe('TAG_SHARED');
    expect(error.message).toContain('stable');
    expect(error.message).not.toContain('other');
    expect(await tags('shared')).toEqual(['other', 'stable', 'v1']);
  });

  it('--untag says that the registry cannot, and both tags stay', async () => {
    const error = await machine.jsonError(1, [
      'delete',
      '--untag',
      '-y',
      `${registry.host}/shared:v1`,
    ]);
    expect(error.code).toBe('UNTAG_UNSUPPORTED');
    expect(await tags('shared')).toEqual(['other', 'stable', 'v1']);
  });

  it('--dry-run deletes nothing', async () => {
    await machine.expect(0, ['delete', '--dry-run', '--force', `${registry.host}/shared:v1`]);
    expect(await tags('shared')).toEqual(['other', 'stable', 'v1']);
  });

  it('--force deletes the digest with all its tags and no other', async () => {
    await machine.expect(0, ['delete', '--force', `${registry.host}/shared:v1`]);
    expect(await tags('shared')).toEqual(['other']);
  });

  it('deletes by digest, and a second time is exit 2', async () => {
    const image = await makeImage();
    await pushImage(registry.origin, 'by-digest', ['v1'], image);
    await pushImage(registry.origin, 'by-digest', ['v2'], await makeImage());
    const name = `${registry.host}/by-digest@${image.root.digest}`;
    await machine.expect(0, ['delete', name]);
    expect(await tags('by-digest')).toEqual(['v2']);
    await machine.expect(2, ['delete', name]);
  });

  it('refuses a child of a tagged index; nothing is left without what it lists', async () => {
    const index = await makeIndex();
    await pushImage(registry.origin, 'multi', ['v1'], index);
    const [child] = JSON.parse(
      Buffer.from(index.nodes.get(index.root.digest)?.bytes ?? []).toString(),
    ).manifests as readonly { digest: string }[];
    const name = `${registry.host}/multi@${child?.digest}`;
    const error = await machine.jsonError(3, ['delete', name]);
    expect(error.code).toBe('MANIFEST_LISTED');
    expect(error.message).toContain('v1');
    const { stdout } = await machine.expect(0, ['delete', '--dry-run', '--force', name]);
    // The challenge, HEAD of the digest, the list, HEAD of the tag, the referrers and their tag.
    expect(stdout).toMatch(/^Would delete .*\n\d+ requests were sent to find out$/mu);
    await machine.expect(0, ['digest', name]);
  });

  it('--referrers leaves no tag of a subject that is gone', async () => {
    const image = await makeImage();
    await pushImage(registry.origin, 'signed', ['v1'], image);
    await pushImage(registry.origin, 'signed', ['other'], await makeImage());
    const sbom = await makeImage({ subject: image.root });
    await machine.expect(0, [
      'copy',
      await layoutWith(machine, sbom),
      `${registry.host}/signed:sbom`,
    ]);
    const fallback = image.root.digest.replace(':', '-');
    expect(await tags('signed')).toEqual(['other', 'sbom', fallback, 'v1']);
    const left = await machine.expect(0, ['delete', '--dry-run', `${registry.host}/signed:v1`]);
    expect(left.stderr).toContain('--referrers');
    await machine.expect(0, ['delete', '--referrers', `${registry.host}/signed:v1`]);
    // Somebody tagged the SBOM: it stays under its name.
    expect(await tags('signed')).toEqual(['other', 'sbom']);
  });

  it('says how to allow deletion where the registry has it off', async () => {
    const image = await makeImage();
    await pushImage(locked.origin, 'app', ['v1'], image);
    const error = await machine.jsonError(1, ['delete', `${locked.host}/app@${image.root.digest}`]);
    expect(error.code).toBe('UNSUPPORTED');
    expect(error.hint).toContain('REGISTRY_STORAGE_DELETE_ENABLED');
  });

  it('a missing tag is exit 2', async () => {
    await machine.expect(2, ['delete', `${registry.host}/shared:nope`]);
    await machine.expect(2, ['digest', `${registry.host}/shared:nope`]);
    await machine.expect(2, ['inspect', `${registry.host}/shared:nope`]);
    await machine.expect(2, ['copy', `${registry.host}/shared:nope`, `${registry.host}/x:y`]);
    await machine.expect(2, ['tags', `${registry.host}/never/was`]);
  });
});

async function layoutWith(machine: Machine, image: TestImage): Promise<string> {
  await writeLayout(machine.dir.join('layout'), { sbom: image });
  return `oci:${machine.dir.join('layout')}:sbom`;
}
