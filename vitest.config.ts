import { defineConfig } from 'vitest/config';

/** A long fuzzing run takes as long as it takes; each input has its own bound. */
const fuzzing = process.env['REGCTL_FUZZ_RUNS'] !== undefined;

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**', 'test/faults/**', 'test/load/**'],
          pool: 'threads',
          testTimeout: fuzzing ? 0 : 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'faults',
          // Real processes, clocks and kernel buffers: what fails has to fail twice.
          retry: 1,
          include: ['test/faults/**/*.test.ts'],
          pool: 'threads',
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'load',
          include: ['test/load/**/*.test.ts'],
          pool: 'threads',
          globalSetup: ['test/helpers/global-setup.ts'],
          // The whole load (REGCTL_LOAD=full) takes minutes.
          testTimeout: 600_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'e2e',
          // Real processes, clocks and kernel buffers: what fails has to fail twice.
          retry: 1,
          include: ['test/e2e/**/*.test.ts'],
          pool: 'threads',
          globalSetup: ['test/helpers/global-setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
