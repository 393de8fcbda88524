import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { missingPrograms } from '../../helpers/commands.ts';
import { missingPeers, peer } from '../../helpers/peers.ts';
import { tempDir } from '../../helpers/temp.ts';
import { describeUnless } from '../../helpers/when.ts';
import { PROGRAMS, runTests } from './suite.ts';

/** By release of Debian: tests that do not pass, with the reasons. */
const NOT_PASSED = JSON.parse(
  readFileSync(new URL('not-passed.json', import.meta.url), 'utf8'),
) as Readonly<Record<'bookworm' | 'sid', Readonly<Record<string, string>>>>;

const missing =
  missingPrograms(...PROGRAMS) ?? missingPeers('skopeo-tests-bookworm', 'skopeo-tests-sid');

describeUnless(missing, "skopeo's system tests, with regctl under its name", () => {
  it.concurrent.each([
    { version: '1.9.3', release: 'bookworm', count: 24 },
    { version: '1.22', release: 'sid', count: 26 },
  ] as const)(
    'pass for version $version, but for those in the list',
    async ({ release, count }) => {
      await using dir = await tempDir();
      const program = fileURLToPath(new URL('../../../bin/regctl.js', import.meta.url));
      const tap = await runTests(peer(`skopeo-tests-${release}`) ?? '', program, dir);
      expect(tap).toContain(`\n1..${count}\n`.trimStart());
      const passed = new Set(
        Array.from(tap.matchAll(/^ok \d+ (?!.* # skip)(.+)$/gmu), ([, name]) => name),
      );
      const all = Array.from(
        tap.matchAll(/^(?:not )?ok \d+ (.+?)(?: # skip.*)?$/gmu),
        ([, name]) => name,
      );
      const open = all.filter((name) => !passed.has(name));
      expect(new Set(open), tap).toEqual(new Set(Object.keys(NOT_PASSED[release])));
    },
    1_200_000,
  );
});
