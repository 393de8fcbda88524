import { describe, expect, it } from 'vitest';
import { isDigest, type Digest } from '../../src/oci/digest.ts';
import { createPolicy } from '../../src/retention/flags.ts';
import { planPrune } from '../../src/retention/plan.ts';
import { readRepository } from '../../src/retention/read/repository.ts';
import type { Plan } from '../../src/retention/types.ts';
import { vectorStore } from './vector-store.ts';
import { loadVectors, optionsOf, wordsOf } from './vectors.ts';
import type { VectorCase, VectorRepository } from './vectors.ts';

const { repositories } = loadVectors('prune') as {
  readonly repositories: readonly VectorRepository[];
};

const BRAKES = { 'max-delete': 'max-delete', 'keeps nothing': 'keeps nothing', check: 'check' };

async function planOf(repo: VectorRepository, one: VectorCase): Promise<Plan> {
  const words = wordsOf(one.argv);
  const options = optionsOf(one.argv);
  const policy = await createPolicy(words);
  const facts = {
    ...(await readRepository(vectorStore(repo), {
      concurrency: 4,
      dates: policy.needsDates,
      createdOnly: policy.clock === 'created',
      mustList: policy.needsList,
    })),
    untags: repo.registry.untag,
  };
  const max = options['--max-delete'];
  const prefix = `REGISTRY/${repo.repository}`;
  const lines = Object.values(one.files ?? {}).flat();
  const inUse = lines.flatMap((line) => {
    const rest = line.startsWith(prefix) ? line.slice(prefix.length) : line;
    const found = rest.startsWith(':') ? facts.tags.get(rest.slice(1)) : rest.replace(/^@/u, '');
    return found !== undefined && isDigest(found) ? [found] : [];
  });
  return planPrune(facts, policy, {
    now: Date.parse(repo.now),
    protected: {
      digests: new Set((options['--protect-digest'] ?? []) as Digest[]),
      inUse: new Set(inUse),
    },
    untagOnly: options['--untag-only'] === true,
    maxDelete:
      typeof max === 'string'
        ? { count: Number.parseInt(max, 10), percent: max.endsWith('%') }
        : undefined,
    allowEmpty: options['--allow-empty'] === true,
    check: options['--check'] === true,
    moved: new Set(Object.keys(one.movedBeforeDelete ?? {})),
  });
}

describe('the plans of the vectors', () => {
  for (const repo of repositories) {
    for (const one of repo.cases) {
      it(`${repo.repository}: ${one.name}`, async () => {
        const { expected } = one;
        if (expected.exit === 64 || expected.exit === 1) {
          await expect(planOf(repo, one)).rejects.toMatchObject({ exitStatus: expected.exit });
          return;
        }
        const plan = await planOf(repo, one);
        const tags = [...plan.tags].map(([tag, { verdict, because }]) => [tag, [verdict, because]]);
        expect(Object.fromEntries(tags)).toEqual(expected.tags);
        expect(Object.fromEntries(plan.manifests)).toEqual(expected.manifests);
        expect(plan.blobBytes).toBe(expected.blobBytes);
        expect(plan.manifestBytes).toBe(expected.manifestBytes);
        expect(plan.brake).toBe(expected.exit === 3 ? expected.reason : undefined);
        if (expected.exit === 3) expect(Object.keys(BRAKES)).toContain(expected.reason);
      });
    }
  }
});
