import { describe, expect, it } from 'vitest';
import { run } from '../../../src/commands/delete/run.ts';
import type { AppError } from '../../../src/errors/app-error.ts';
import type { Digest } from '../../../src/oci/digest.ts';
import { loadVectors, type VectorRepository } from '../../retention/vectors.ts';
import { noted, vectorStore } from '../../retention/vector-store.ts';
import { fakeContext, input } from '../fake-context.ts';

interface DeleteCase {
  readonly name: string;
  readonly argv: readonly string[];
  readonly expected: {
    readonly exit: number;
    readonly refused: { readonly tags: readonly string[]; readonly indexes: readonly Digest[] };
    readonly tags: readonly string[];
    readonly manifests: readonly Digest[];
    readonly left: readonly Digest[];
  };
}

const { repositories } = loadVectors('prune') as {
  readonly repositories: readonly VectorRepository[];
};
const deletes = loadVectors('delete') as {
  readonly repositories: readonly {
    readonly repository: string;
    readonly cases: readonly DeleteCase[];
  }[];
};

const FLAGS: Readonly<Record<string, string>> = {
  '--untag': 'untag',
  '--force': 'force',
  '--referrers': 'referrers',
  '--dry-run': 'dryRun',
};

interface Outcome {
  readonly Tags: readonly string[];
  readonly Digest: Digest;
  readonly Referrers: readonly Digest[];
  readonly Left: readonly Digest[];
}

/** Only a delete tells whether a registry can untag, and a dry run sends none. */
const UNKNOWN_IN_A_DRY_RUN = 'shared-no-untag: REGISTRY/shared-no-untag:latest --untag --dry-run';

describe('the deletes of the vectors', () => {
  for (const { repository, cases } of deletes.repositories) {
    const repo = repositories.find((one) => one.repository === repository) as VectorRepository;
    for (const { name, argv, expected: recorded } of cases) {
      const differs = `${repository}: ${name}` === UNKNOWN_IN_A_DRY_RUN;
      const expected = differs ? { ...recorded, exit: 0, tags: ['latest'] } : recorded;
      it(`${repository}: ${name}`, async () => {
        const gone = noted();
        const context = fakeContext({
          openRead: async () => vectorStore(repo, gone),
          requestCount: () => 0,
        });
        const image = argv.find((word) => !word.startsWith('--')) ?? '';
        const words = argv.filter((word) => word.startsWith('--'));
        const options = Object.fromEntries(words.map((word) => [FLAGS[word] ?? word, true]));
        const result = await run(
          context,
          input([image.replace('REGISTRY', 'reg.example')], options),
          {},
        ).catch((error: unknown) => error as AppError);
        if (result instanceof Error) {
          expect(result).toMatchObject({ exitStatus: expected.exit });
          expect(gone).toEqual(noted());
          const { tags = [], indexes = [] } = (result.details ?? {}) as Partial<
            (typeof expected)['refused']
          >;
          if (expected.exit !== 3) return;
          expect([...tags].toSorted()).toEqual([...expected.refused.tags].toSorted());
          expect([...indexes].toSorted()).toEqual([...expected.refused.indexes].toSorted());
          return;
        }
        expect(expected.exit).toBe(0);
        const json = (result.kind === 'value' ? result.json : {}) as Outcome;
        expect([...json.Tags].toSorted()).toEqual([...expected.tags].toSorted());
        expect([...json.Left].toSorted()).toEqual([...expected.left].toSorted());
        const byDigest = expected.manifests.length > 0;
        const went = byDigest ? [json.Digest, ...json.Referrers] : [];
        expect(went.toSorted()).toEqual([...expected.manifests].toSorted());
        if (options['dryRun'] === true) expect(gone).toEqual(noted());
        else if (byDigest) expect(gone.manifests.toSorted()).toEqual(went.toSorted());
        else expect(gone.tags).toEqual(expected.tags);
      });
    }
  }
});
