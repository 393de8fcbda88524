const { REGCTL_FUZZ_RUNS: runs, REGCTL_FUZZ_SEED: seed } = process.env;

/**
 * Parameters of fast-check, which prints the seed of a failure. `usual`: how many inputs a run of
 * the whole suite has time for; REGCTL_FUZZ_RUNS=100000 asks for more, REGCTL_FUZZ_SEED for the same.
 */
export function fuzzRuns(usual: number): { numRuns: number; seed?: number } {
  return {
    numRuns: runs === undefined ? usual : Number(runs),
    ...(seed === undefined ? {} : { seed: Number(seed) }),
  };
}
