import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createExpand } from '../../src/sync/templates.ts';
import { tempDir } from '../helpers/temp.ts';
import { readVectors } from './vectors.ts';

interface Vectors {
  readonly cases: readonly {
    readonly template: string;
    readonly out?: string;
    readonly error?: string;
  }[];
  readonly env: Readonly<Record<string, string>>;
  readonly files: Readonly<Record<string, string>>;
  readonly data: { readonly Sync: Readonly<Record<string, unknown>> };
}

describe('templates as regsync expands them', () => {
  const { cases, env, files, data } = readVectors('pure/template.json') as Vectors;
  const tags = { Allow: ['3.18', 'latest'], Deny: [], SemverRange: [] };

  test.each(cases)('$template', async ({ template, out, error }) => {
    await using folder = await tempDir();
    for (const [name, text] of Object.entries(files))
      await writeFile(join(folder.path, name), text);
    const expand = createExpand({ env, cwd: folder.path, now: () => new Date() });
    const run = (): string => expand(template, { Sync: { ...data.Sync, Tags: tags } });
    if (error === undefined) expect(run()).toBe(out);
    else expect(run).toThrow('template');
  });
});
