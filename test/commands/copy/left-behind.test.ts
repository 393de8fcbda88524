import { describe, expect, it } from 'vitest';
import { run } from '../../../src/commands/copy/run.ts';
import { createMemoryStore } from '../../../src/store/memory.ts';
import { scene, sceneStore } from '../../helpers/scenes.ts';
import { fakeContext, input, nobody } from '../fake-context.ts';

const AT_TERMINAL = { interactive: true };

async function copy(
  [from, to]: readonly [string, string],
  { terminal = {}, flags = {}, options = {}, id = 'mixed' } = {},
) {
  const source = await sceneStore(scene(id), 'api');
  const destination = createMemoryStore('dest.example/app');
  const context = fakeContext({
    flags,
    terminal: { ...nobody, ...terminal },
    requestCount: () => 7,
    registry: async () => expect.unreachable(),
    openRead: async () => source,
    openWrite: async () => destination,
  });
  const copied = async () => run(context, input([from, to], options), {});
  await copied();
  return { notes: context.notes, copied };
}

const REGISTRIES = ['src.example/app:v1', 'dest.example/app:v1'] as const;
const LAYOUT = ['oci:in:v1', 'dest.example/app:v1'] as const;

describe('a copy without the signatures of its source', () => {
  it.each([
    ['from a registry, at a terminal', REGISTRIES, AT_TERMINAL],
    ['from a layout', LAYOUT, {}],
  ] as const)('says so in one line %s', async (_what, names, terminal) => {
    const { notes } = await copy(names, { terminal });
    expect(notes).toEqual(['not copied: 2 signatures; to copy them too: --referrers']);
  });

  it.each([
    ['costs no request in a script', REGISTRIES, {}],
    ['is silent with --referrers', LAYOUT, { options: { referrers: true } }],
    ['is silent with --quiet', LAYOUT, { flags: { quiet: true } }],
    ['is silent under another name', LAYOUT, { flags: { asOtherTool: true } }],
    ['is silent where nothing refers to the image', LAYOUT, { id: 'unsigned' }],
    ['is silent where the destination holds none', ['oci:in:v1', 'dir:out'], {}],
  ] as const)('%s', async (_what, names, more) => {
    const { notes } = await copy(names, more);
    expect(notes.filter((note) => note.includes('not copied'))).toEqual([]);
  });

  it('says it once: a copy that wrote nothing does not ask again', async () => {
    const { notes, copied } = await copy(LAYOUT);
    await copied();
    expect(notes).toHaveLength(1);
  });
});
