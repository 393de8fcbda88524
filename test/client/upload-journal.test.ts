import { mkdir, readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { LoginStore } from '../../src/credentials/types.ts';
import { forgettingUploadSessions } from '../../src/client/upload-journal.ts';
import { createUploadJournal } from '../../src/registry/journal/journal.ts';
import { tempDir } from '../helpers/temp.ts';

const uid = process.geteuid?.();
const processes = { self: 'me-1', isRunning: async () => false };

const NO_LOGINS: LoginStore = {
  save: () => Promise.reject(new Error('Unexpected call to save')),
  list: () => Promise.reject(new Error('Unexpected call to list')),
  remove: async () => [],
};

describe('logins that take the notes of unfinished uploads with them', () => {
  it.each([
    ['reg.example:443', 'https://reg.example/', 0],
    ['reg.example', 'https://reg.example/', 0],
    ['reg.example:80', 'http://reg.example/', 0],
    ['reg.example:80', 'https://reg.example/', 1],
    ['reg.example:5000', 'https://reg.example/', 1],
    ['docker.io', 'https://registry-1.docker.io/', 0],
    ['reg.example/a', 'https://reg.example/', 0],
    ['reg.example/a/bc', 'https://reg.example/', 1],
  ])('know by %s those to %s: %i stay', async (target, registry, left) => {
    await using dir = await tempDir();
    await mkdir(dir.join('state'));
    const machine = {
      env: { XDG_STATE_HOME: dir.join('state') },
      home: '/nowhere',
      os: 'linux',
      uid,
      now: () => new Date('2026-02-01T00:00:00Z'),
      processes: async () => processes,
    };
    const folder = dir.join('state', 'regctl');
    const now = (): number => machine.now().getTime();
    const journal = createUploadJournal({ folder, uid, now, processes });
    const digest = `sha256:${'f'.repeat(64)}` as const;
    const blob = { registry, repository: 'a/b', digest, size: 1000 };
    await journal.add(blob, { url: `${registry}v2/up`, minChunk: undefined }).handOver();
    expect(await readdir(folder)).toHaveLength(1);
    await forgettingUploadSessions({ machine, trace: undefined }, NO_LOGINS).remove(target);
    expect(await readdir(folder)).toHaveLength(left);
  });
});
