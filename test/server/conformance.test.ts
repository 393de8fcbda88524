import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { startRegistryServer } from '../../src/server/server.ts';
import { createDiskStorage } from '../../src/server/storage/disk.ts';
import { createMemoryStorage } from '../../src/server/storage/memory.ts';
import { run } from '../helpers/commands.ts';
import { missingPeers, peer } from '../helpers/peers.ts';
import { tempDir } from '../helpers/temp.ts';
import { describeUnless } from '../helpers/when.ts';

/** Mounts without a source, which `serve` leaves out: it would tell who has a blob. */
const SKIPPED = 2;

describeUnless(missingPeers('conformance'), 'the conformance suite of OCI', () => {
  it.each([
    ['memory', '1.1'],
    ['disk', 'dev'],
  ])('passes whole against the %s storage, version %s', async (kind, version) => {
    await using dir = await tempDir();
    const storage =
      kind === 'memory' ? createMemoryStorage() : createDiskStorage(dir.join('registry'));
    await using server = await startRegistryServer({ storage });
    const finished = await run(peer('conformance') ?? '', [], {
      cwd: dir.path,
      env: {
        OCI_REGISTRY: server.host,
        OCI_TLS: 'disabled',
        OCI_REPO1: 'conformance/one',
        OCI_REPO2: 'conformance/two',
        OCI_VERSION: version,
      },
    });
    expect(finished.code).toBe(0);
    const report = await readFile(dir.join('results/junit.xml'), 'utf8');
    const [, suites = ''] = /<testsuites ([^>]*)>/u.exec(report) ?? [];
    const count = (name: string): number =>
      Number(new RegExp(`\\b${name}="(\\d+)"`, 'u').exec(suites)?.[1] ?? 0);
    expect([count('failures'), count('errors'), count('skipped')]).toEqual([0, 0, SKIPPED]);
    expect(count('tests')).toBeGreaterThan(800);
    process.stdout.write(`conformance ${version}, ${kind}: ${count('tests')} tests\n`);
  });
});
