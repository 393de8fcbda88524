import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startDockerRegistry, type DockerRegistry } from '../helpers/docker-registry.ts';
import { makeImage, makeIndex, pushImage, type TestImage } from '../helpers/images.ts';
import { describeWith } from '../helpers/when.ts';
import { newMachine, type Machine } from './regctl.ts';

interface Entry {
  readonly Tag: string | null;
  readonly Digest: string;
  readonly Because: string;
}

interface Pruned {
  readonly Keep: readonly Entry[];
  readonly Delete: readonly Entry[];
  readonly Skipped: readonly Entry[];
  readonly Bytes: number;
  readonly Deleted: boolean;
}

/** Sorted: images of one moment stand in the order of their digests, which are random. */
const names = (entries: readonly Entry[]): (string | null)[] =>
  entries.map((one) => one.Tag).toSorted((a, b) => String(a).localeCompare(String(b)));

describeWith(['docker-registry'], 'prune on docker-registry, which cannot untag', () => {
  let registry: DockerRegistry;
  let machine: Machine;
  beforeAll(async () => {
    [registry, machine] = await Promise.all([startDockerRegistry(), newMachine()]);
  });
  afterAll(async () => {
    await Promise.all([registry, machine].map((one) => one[Symbol.asyncDispose]()));
  });

  const tags = async (repo: string): Promise<string[]> => {
    const { stdout } = await machine.expect(0, ['tags', `${registry.host}/${repo}`]);
    return stdout.split('\n').filter(Boolean).sort();
  };
  const prune = async (repo: string, ...args: string[]): Promise<Pruned> =>
    (await machine.json(['prune', `${registry.host}/${repo}`, ...args])) as Pruned;
  const push = (repo: string, tag: string, image: TestImage): Promise<void> =>
    pushImage(registry.origin, repo, [tag], image);

  it('shows a plan and deletes nothing without --yes', async () => {
    for (const tag of ['pr-1', 'pr-2', 'v1']) await push('plan', tag, await makeImage());
    const plan = await prune('plan', '--tag', 'pr-*');
    expect(names(plan.Delete)).toEqual(['pr-1', 'pr-2']);
    expect(plan.Keep).toMatchObject([{ Tag: 'v1', Because: 'not:--tag' }]);
    expect(plan.Deleted).toBe(false);
    const shown = await machine.expect(0, ['prune', `${registry.host}/plan`, '--tag', 'pr-*']);
    expect(shown.stdout).toMatch(/^pr-1 +[0-9a-f]{12} .* delete +--tag$/mu);
    expect(shown.stdout).toContain(
      'would delete 2 tags and 2 manifests; 1 tag and 1 manifest stay',
    );
    expect(shown.stderr).toContain('--yes');
    expect(await tags('plan')).toEqual(['pr-1', 'pr-2', 'v1']);
  });

  it('deletes with --yes: an index with its children, and what another index needs stays', async () => {
    const shared = await makeIndex();
    await push('run', 'old', shared);
    await push('run', 'keep', await makeIndex());
    const child = [...shared.nodes.values()].find(({ descriptor }) =>
      descriptor.mediaType.includes('manifest.v1'),
    );
    const digest = child?.descriptor.digest ?? '';
    await machine.expect(0, ['copy', `${registry.host}/run@${digest}`, `${registry.host}/run:arm`]);
    const done = await prune('run', '--tag', 'old', '--yes');
    expect(done.Deleted).toBe(true);
    expect(await tags('run')).toEqual(['arm', 'keep']);
    await machine.expect(0, ['digest', `${registry.host}/run:arm`]);
    await machine.expect(2, ['digest', `${registry.host}/run@${shared.root.digest}`]);
  });

  it('skips a tag whose manifest is needed, and says why', async () => {
    const image = await makeImage();
    await pushImage(registry.origin, 'shared', ['a', 'b'], image);
    await push('shared', 'c', await makeImage());
    const done = await prune('shared', '--tag', 'a', '--tag', 'c', '--yes');
    expect(names(done.Delete)).toEqual(['c']);
    expect(done.Skipped).toMatchObject([{ Tag: 'a', Because: 'no-untag' }]);
    expect(await tags('shared')).toEqual(['a', 'b']);
  });

  it('exit 3 when a brake holds, and nothing goes', async () => {
    for (const tag of ['a', 'b']) await push('brake', tag, await makeImage());
    const name = `${registry.host}/brake`;
    await machine.expect(3, ['prune', name, '--tag', '*', '--yes']);
    await machine.expect(3, ['prune', name, '--tag', 'a', '--max-delete', '0', '--yes']);
    await machine.expect(3, ['prune', name, '--tag', 'a', '--check']);
    expect(await tags('brake')).toEqual(['a', 'b']);
    await machine.expect(0, ['prune', name, '--tag', '*', '--allow-empty', '--yes']);
    expect(await tags('brake')).toEqual([]);
  });

  it('what makes no sense is exit 64, before anything is asked', async () => {
    for (const args of [
      [],
      ['--keep', 'many'],
      ['--older-than', 'yesterday'],
      ['--tag', '/(/'],
      ['--tag', 'a', '--untagged'],
      ['--keep-per', 'major'],
      ['--keep', '1', '--max-delete', '150%'],
    ]) {
      await machine.expect(64, ['prune', '127.0.0.1:1/none', ...args]);
    }
    const error = await machine.jsonError(64, ['prune', `${registry.host}/brake`, '--untagged']);
    expect(error.message).toContain('not listed');
  });

  it('a plan file is applied to what still is as it was', async () => {
    for (const tag of ['a', 'b', 'c']) await push('file', tag, await makeImage());
    const file = machine.dir.join('plan.json');
    await prune('file', '--tag', '/^[ab]$/', '--plan', file);
    await push('file', 'a', await makeImage());
    const done = await machine.expect(0, ['prune', 'apply', file]);
    expect(done.stdout).toContain('deleted 1 tags and 1 manifests');
    expect(done.stdout).toContain('a stays: moved');
    expect(await tags('file')).toEqual(['a', 'c']);
    await writeFile(file, '{}');
    await machine.expect(64, ['prune', 'apply', file]);
  });

  it('--backup and --undo-script bring back what went', async () => {
    await push('undo', 'gone', await makeIndex());
    await push('undo', 'stays', await makeImage());
    const { stdout: before } = await machine.expect(0, ['digest', `${registry.host}/undo:gone`]);
    const script = machine.dir.join('undo.sh');
    const backup = `oci:${machine.dir.join('backup')}`;
    await prune('undo', '--tag', 'gone', '--backup', backup, '--undo-script', script, '--yes');
    expect(await tags('undo')).toEqual(['stays']);
    const [, , line = ''] = (await readFile(script, 'utf8')).split('\n');
    const words = [...line.matchAll(/'([^']*)'/gu)].map(([, word]) => word ?? '');
    await machine.expect(0, ['copy', '--referrers', ...words]);
    const { stdout: after } = await machine.expect(0, ['digest', `${registry.host}/undo:gone`]);
    expect(after).toBe(before);
  });

  it('--in-use keeps what runs, and a line that is no image is exit 64', async () => {
    for (const tag of ['run', 'idle', 'new']) await push('used', tag, await makeImage());
    const list = machine.dir.join('in-use.txt');
    await writeFile(list, `# running\ndocker-pullable://${registry.host}/used:run\n`);
    const plan = await prune('used', '--keep-tag', 'new', '--in-use', list);
    expect(names(plan.Delete)).toEqual(['idle']);
    await writeFile(list, 'UPPER CASE?\n');
    await machine.expect(64, ['prune', `${registry.host}/used`, '--keep', '1', '--in-use', list]);
  });

  it("--rules reads our YAML and ECR's JSON, and no other rules beside it", async () => {
    for (const tag of ['dev-1', 'dev-2', 'v1']) await push('rules/app', tag, await makeImage());
    const yaml = machine.dir.join('prune.yaml');
    await writeFile(yaml, 'rules:\n  - repositories: [rules/*]\n    tag: dev-*\n');
    expect(names((await prune('rules/app', '--rules', yaml)).Delete)).toEqual(['dev-1', 'dev-2']);
    const ecr = machine.dir.join('ecr.json');
    const selection = {
      tagStatus: 'tagged',
      tagPatternList: ['dev-1'],
      countType: 'sinceImagePushed',
      countUnit: 'days',
      countNumber: 1,
    };
    const rules = [{ rulePriority: 1, selection, action: { type: 'expire' } }];
    await writeFile(ecr, JSON.stringify({ rules }));
    expect(names((await prune('rules/app', '--rules', ecr)).Keep)).toHaveLength(3);
    const other = await machine.expect(0, ['prune', `${registry.host}/plan`, '--rules', yaml]);
    expect(other.stderr).toContain('no rule names it');
    await machine.expect(64, ['prune', `${registry.host}/plan`, '--rules', yaml, '--keep', '1']);
  });

  it('HOST/PREFIX/** is everything below it, and a repository that is none stops no other', async () => {
    for (const repo of ['team/a', 'team/b/c', 'teams']) await push(repo, 'old', await makeImage());
    const plans = (await machine.json([
      'prune',
      `${registry.host}/team/**`,
      '--tag',
      'old',
      '--allow-empty',
    ])) as { Repository: string }[];
    expect(plans.map((one) => one.Repository)).toEqual([
      `${registry.host}/team/a`,
      `${registry.host}/team/b/c`,
    ]);
    const two = [`${registry.host}/team/a`, `${registry.host}/no/such`];
    const done = await machine.expect(1, ['prune', ...two, '--tag', 'x']);
    expect(done.stderr).toContain('no/such was skipped');
    expect(done.stdout).toContain('nothing to delete');
  });
});
