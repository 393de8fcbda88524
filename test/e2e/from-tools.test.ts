import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PERSONAS } from '../../src/cli/personas/names.ts';
import { ROOT } from '../../src/cli/personas/tools/regclient/options.ts';
import { VERBS } from '../../src/cli/personas/tools/regclient/verbs.ts';
import { longName } from '../../src/cli/personas/tables.ts';
import type { OptionRules } from '../../src/cli/personas/types.ts';
import { createMemoryStorage } from '../../src/server/storage/memory.ts';
import { startRegistryServer, type RegistryServer } from '../../src/server/server.ts';
import { makeImage, makeIndex, pushImage } from '../helpers/images.ts';
import { newMachine, type Machine } from './regctl.ts';

const TOOLS = ['skopeo', 'crane', 'oras', 'regclient'] as const;

/** A login needs a registry that asks for one; where there is none, a logout has nothing to do. */
const NOT_RUN = /\b(?:login|logout)\b/u;

const pageOf = (tool: string): string =>
  readFileSync(join(import.meta.dirname, `../../docs/guides/from-${tool}.md`), 'utf8');

/** The first two columns of the table: lines build on those before them. */
function linesOf(page: string): readonly (readonly [string, string])[] {
  return [...page.matchAll(/^\| `([^`]+)` \| `regctl ([^`]+)` \|/gmu)].map(
    ([, theirs = '', ours = '']) => [theirs, ours] as const,
  );
}

async function optionsOf(tool: string): Promise<readonly OptionRules[]> {
  const persona = await PERSONAS.get(tool)?.();
  const { options, verbs } = persona ?? { options: ROOT, verbs: VERBS };
  return [options, ...verbs.map((verb) => verb.options)];
}

describe.each(TOOLS)('docs/guides/from-%s.md', (tool) => {
  const page = pageOf(tool);
  const lines = linesOf(page);
  let registry: RegistryServer;
  let machine: Machine;

  beforeAll(async () => {
    [registry, machine] = await Promise.all([
      startRegistryServer({ storage: createMemoryStorage() }),
      newMachine(),
    ]);
    const { origin } = registry.url;
    await pushImage(origin, 'app', ['1'], await makeIndex());
    // Each its own image: a delete refuses what other tags share.
    for (const tag of ['2', '3', '4', '6', '7']) {
      await pushImage(origin, 'app', [tag], await makeImage());
    }
    const manifest = await machine.expect(0, ['manifest', `${registry.url.host}/app:2`]);
    await writeFile(machine.dir.join('manifest.json'), manifest.bytes);
  });
  afterAll(async () => {
    await machine[Symbol.asyncDispose]();
    await registry.close();
  });

  const words = (line: string): readonly string[] =>
    line
      .replaceAll('$IMAGE', `${registry.url.host}/app`)
      .replaceAll('other.example.com/', `${registry.url.host}/other/`)
      .replaceAll('registry.example.com', registry.url.host)
      .split(' ');

  it('has the everyday lines', () => {
    expect(lines.length).toBeGreaterThan(14);
  });

  it.each(lines.filter(([theirs]) => !NOT_RUN.test(theirs)))('%s', async (theirs, ours) => {
    const [, ...rest] = words(theirs);
    await machine.expect(0, tool === 'regclient' ? rest : ['--as', tool, ...rest]);
    await machine.expect(0, words(ours));
  });

  it.each(['ignored', 'refused'] as const)('names every option that is %s', async (kind) => {
    const spellings = (await optionsOf(tool)).flatMap((table) =>
      Object.entries(table)
        .filter(([, rule]) => typeof rule === 'object' && kind in rule)
        .map(([spelling]) => longName(spelling) ?? spelling),
    );
    const named = (option: string): boolean =>
      page.includes(`\`${option}`) ||
      (/^--(?:from|to)-/u.test(option) && page.includes(option.replace(/^--(?:from|to)-/u, '`--')));
    expect([...new Set(spellings)].filter((option) => !named(option))).toEqual([]);
  });
});
