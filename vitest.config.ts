import { defineConfig } from 'vitest/config';

/** A long fuzzing run takes as long as it takes; each input has its own bound. */
const fuzzing = process.env['REGCTL_FUZZ_RUNS'] !== undefined;

/** Limits are guards against a test that hangs, far from what a busy machine takes. */
const LIMITS = { testTimeout: fuzzing ? 0 : 300_000, hookTimeout: 300_000 };

/** Projects, each with the folders of `test/` that it runs; `unit` has all others. */
const FOLDERS = {
  e2e: { globalSetup: ['test/helpers/global-setup.ts'] },
  faults: {},
  // Not part of `npm run verify`: `npm run verify:peers`. The whole load (REGCTL_LOAD=full) takes
  // minutes.
  load: { globalSetup: ['test/helpers/global-setup.ts'], testTimeout: 600_000 },
  peers: { globalSetup: ['test/helpers/global-setup.ts'], testTimeout: 600_000 },
};

/** The package's own name leads to the sources, as in the examples of the library. */
const SOURCES = new URL('src/', import.meta.url).pathname;
const alias = [
  { find: /^@regctl\/cli$/u, replacement: `${SOURCES}index.ts` },
  { find: /^@regctl\/cli\/(.+)$/u, replacement: `${SOURCES}$1.ts` },
];

export default defineConfig({
  resolve: { alias },
  test: {
    // A process of its own for each worker, because regctl runs in it with a working directory of
    // its own; no fresh one for each file, because the sources keep no state in their modules.
    pool: 'forks',
    isolate: false,
    // The tests wait for servers and child processes more than they compute.
    maxWorkers: 3,
    expect: { poll: { timeout: 60_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: Object.keys(FOLDERS).map((folder) => `test/${folder}/**`),
          ...LIMITS,
        },
      },
      ...Object.entries(FOLDERS).map(([name, options]) => ({
        extends: true as const,
        test: { name, include: [`test/${name}/**/*.test.ts`], ...LIMITS, ...options },
      })),
    ],
  },
});
