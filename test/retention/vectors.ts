import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Digest } from '../../src/oci/digest.ts';
import type { RuleWords } from '../../src/retention/rules.ts';

/** A repository of `test/vectors/retention/prune.json`. */
export interface VectorRepository {
  readonly repository: string;
  readonly now: string;
  readonly registry: { readonly untag: boolean; readonly list: boolean };
  readonly tags: Readonly<Record<string, Digest>>;
  readonly tagPushed?: Readonly<Record<string, string>>;
  readonly manifests: Readonly<Record<Digest, VectorManifest>>;
  readonly blobs: Readonly<Record<Digest, string>>;
  readonly cases: readonly VectorCase[];
}

export interface VectorManifest {
  readonly type: string;
  readonly text?: string;
  readonly pushed?: string;
  readonly lastModified?: string;
  /** What a GET answers instead. */
  readonly status?: number;
}

export interface VectorCase {
  readonly name: string;
  readonly argv: readonly string[];
  readonly files?: Readonly<Record<string, readonly string[]>>;
  readonly movedBeforeDelete?: Readonly<Record<string, Digest>>;
  readonly expected: {
    readonly exit: number;
    readonly reason?: string;
    readonly tags: Readonly<Record<string, readonly [string, readonly string[]]>>;
    readonly manifests: Readonly<Record<Digest, string>>;
    readonly blobBytes?: number;
    readonly manifestBytes?: number;
  };
}

export function loadVectors(name: string): unknown {
  const file = join(import.meta.dirname, '../vectors/retention', `${name}.json`);
  return JSON.parse(readFileSync(file, 'utf8')) as unknown;
}

/** Options by name, as the command line gives them. */
export function optionsOf(argv: readonly string[]): Record<string, string | true | string[]> {
  const found: Record<string, string | true | string[]> = {};
  for (let i = 0; i < argv.length; i += 1) {
    const name = argv[i] ?? '';
    const value = argv[i + 1];
    if (value === undefined || value.startsWith('--')) {
      found[name] = true;
      continue;
    }
    const before = found[name];
    found[name] = LISTS.has(name) ? [...(Array.isArray(before) ? before : []), value] : value;
    i += 1;
  }
  return found;
}

const LISTS: ReadonlySet<string> = new Set(['--tag', '--keep-tag', '--protect-digest', '--in-use']);
const NUMBERS: ReadonlySet<string> = new Set([
  '--keep',
  '--keep-daily',
  '--keep-weekly',
  '--keep-monthly',
  '--keep-yearly',
]);

/** `--keep-daily 3` → `{ keepDaily: 3 }` */
export function wordsOf(argv: readonly string[]): RuleWords {
  return Object.fromEntries(
    Object.entries(optionsOf(argv)).map(([name, value]) => [
      name.slice(2).replace(/-([a-z])/gu, (_all, letter: string) => letter.toUpperCase()),
      NUMBERS.has(name) ? Number(value) : value,
    ]),
  );
}
