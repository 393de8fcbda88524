import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { step } from './steps.mjs';

/** Random tests use the same inputs in each run; for others, set REGCTL_FUZZ_SEED=N. */
const SEED = '20261129';

const PROJECTS = { usual: ['unit', 'e2e', 'faults'], peers: ['peers', 'load'] };

/** Runs the projects of a suite, lists what was skipped, and returns [passed, failed, skipped]. */
export function runTests(suite) {
  const seed = process.env.REGCTL_FUZZ_SEED ?? SEED;
  process.stdout.write(`\n== Seed of the random tests: REGCTL_FUZZ_SEED=${seed}\n`);
  const { ok, ...report } = runVitest(PROJECTS[suite], { REGCTL_FUZZ_SEED: seed });
  const skipped = report.testResults
    .flatMap((file) => file.assertionResults)
    .filter((test) => test.status === 'skipped' || test.status === 'pending');
  if (skipped.length > 0) process.stdout.write('\nSkipped, each with its reason in its name:\n');
  for (const test of skipped) process.stdout.write(`  - ${test.fullName}\n`);
  // A test file that fails to load counts as one failure even though it ran no test.
  const brokenFiles = report.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  ).length;
  const failed = report.numFailedTests + brokenFiles;
  return [report.numPassedTests, failed === 0 && !ok ? 1 : failed, skipped.length];
}

function runVitest(projects, env) {
  const folder = mkdtempSync(join(tmpdir(), 'regctl-verify-'));
  const report = join(folder, 'report.json');
  const args = [
    join('node_modules', 'vitest', 'vitest.mjs'),
    'run',
    '--passWithNoTests',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...projects.map((name) => `--project=${name}`),
  ];
  try {
    // An earlier step has built what the tests start.
    const ok = step('Tests', process.execPath, args, { ...env, REGCTL_BUILT: '1' });
    return { ok, ...JSON.parse(readFileSync(report, 'utf8')) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
