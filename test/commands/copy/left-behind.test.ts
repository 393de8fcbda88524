import { describe, expect, it } from 'vitest';
import { run } from '../../../src/commands/copy/run.ts';
import { AppError } from '../../../src/errors/app-error.ts';
import type { Capabilities } from '../../../src/store/types.ts';
import { createMemoryStore } from '../../../src/store/memory.ts';
import type { Input } from '../../../src/commands/types.ts';
import { scene, sceneStore } from '../../helpers/scenes.ts';
import { fakeContext, input, nobody } from '../fake-context.ts';

const REFUSES: Capabilities = {
  referrers: {
    // eslint-disable-next-line require-yield -- it refuses before the first
    async *referrers() {
      throw new AppError('FORBIDDEN', 'no');
    },
  },
};

const AT_TERMINAL = { interactive: true };

interface Case {
  readonly terminal?: object;
  readonly flags?: object;
  readonly options?: Input['options'];
  readonly id?: string;
  readonly sent?: number;
  readonly view?: 'api' | 'fallback';
  readonly refuses?: boolean;
}

async function copy(
  [from, to]: readonly [string, string],
  {
    terminal = {},
    flags = {},
    options = {},
    id = 'mixed',
    sent = 7,
    view = 'api',
    refuses = false,
  }: Case = {},
) {
  const source = await sceneStore(scene(id), view);
  const destination = createMemoryStore('dest.example/app');
  const context = fakeContext({
    flags,
    terminal: { ...nobody, ...terminal },
    requestCount: () => sent,
    registry: async () => expect.unreachable(),
    openRead: async () => (refuses ? { ...source, capabilities: REFUSES } : source),
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
    ['from a registry, at a terminal', REGISTRIES, { terminal: AT_TERMINAL, sent: 30 }],
    ['from a layout', LAYOUT, { sent: 30 }],
    ['in a script, if no login was asked for', REGISTRIES, {}],
    ['in a script, after many requests', REGISTRIES, { sent: 60 }],
  ] as const)('says so in one line %s', async (_what, names, more) => {
    const { notes } = await copy(names, more);
    expect(notes).toEqual(['not copied: 2 signatures; to copy them too: --referrers']);
  });

  it.each([
    ['costs no request in a script that had to log in', REGISTRIES, { sent: 15 }],
    ['asks Docker Hub nothing in a script', ['busybox:v1', REGISTRIES[1]], { sent: 60 }],
    ['is silent with --referrers', LAYOUT, { options: { referrers: true } }],
    ['is silent with --quiet', LAYOUT, { flags: { quiet: true } }],
    ['is silent under another name', LAYOUT, { flags: { asOtherTool: true } }],
    ['is silent where nothing refers to the image', LAYOUT, { id: 'unsigned' }],
    ['is done where the source refuses to be asked', LAYOUT, { refuses: true }],
    ['is silent where the destination holds none', ['oci:in:v1', 'dir:out'], {}],
  ] as const)('%s', async (_what, names, more) => {
    const { notes } = await copy(names, more);
    expect(notes.filter((note) => note.includes('not copied'))).toEqual([]);
  });

  it('does not guess what a list without annotations holds', async () => {
    const { notes } = await copy(LAYOUT, { id: 'everything', view: 'fallback' });
    expect(notes).toEqual([
      expect.stringMatching(/^not copied: (?:signature, )?signatures or attestations; /u),
    ]);
  });

  it('of one platform, names what proved the index', async () => {
    const { notes } = await copy(LAYOUT, { id: 'index', options: { multiArch: 'system' } });
    expect(notes).toContainEqual(
      expect.stringMatching(
        /^not copied: .*signature.*; the copy has a different digest and carries no signature$/u,
      ),
    );
  });

  it('says it once: a copy that wrote nothing does not ask again', async () => {
    const { notes, copied } = await copy(LAYOUT);
    await copied();
    expect(notes).toHaveLength(1);
  });
});
