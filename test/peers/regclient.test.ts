import { chmod, cp, mkdir, symlink } from 'node:fs/promises';
import { delimiter, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { startRegistryServer } from '../../src/server/server.ts';
import { createMemoryStorage } from '../../src/server/storage/memory.ts';
import { missingPrograms, run } from '../helpers/commands.ts';
import { missingPeers, peer } from '../helpers/peers.ts';
import { tempDir } from '../helpers/temp.ts';
import { describeUnless } from '../helpers/when.ts';

const PROGRAM = fileURLToPath(new URL('../../bin/regctl.js', import.meta.url));

const missing = missingPrograms('git') ?? missingPeers('regclient-tests');

describeUnless(missing, 'ci-test.sh of regclient, with regctl in its place', () => {
  it('passes with a registry that deletes tags', async () => {
    await using dir = await tempDir();
    await using registry = await startRegistryServer({ storage: createMemoryStorage() });
    await cp(peer('regclient-tests') ?? '', dir.join('tests'), { recursive: true });
    await mkdir(dir.join('tests/bin'));
    await chmod(PROGRAM, 0o755);
    await symlink(PROGRAM, dir.join('tests/bin/regctl'));
    const env = {
      PATH: [dir.join('tests/bin'), dirname(process.execPath), process.env['PATH']].join(delimiter),
      HOME: dir.join('home'),
    };
    await run('git', ['init', '--quiet'], { cwd: dir.join('tests'), env });
    const target = `${registry.host}/ci-test`;
    const done = await run('sh', ['-x', 'build/ci-test.sh', '-t', target], {
      cwd: dir.join('tests'),
      env,
    });
    expect(done.code, done.stderr).toBe(0);
    // The script says so, and goes on.
    expect(done.stdout).not.toContain('failed to get artifact');
  }, 120_000);
});
