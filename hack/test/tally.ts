/** Counts of tests. */

export interface Tally {
  readonly passed: number;
  readonly failed: number;
}

export function addTallies(tallies: readonly Tally[]): Tally {
  return tallies.reduce(
    (sum, { passed, failed }) => ({ passed: sum.passed + passed, failed: sum.failed + failed }),
    { passed: 0, failed: 0 },
  );
}

/**
 * Makes sure that a runner's exit status and its count agree: one that fails without naming a failed
 * test, or that ran no test at all, counts as one failure.
 */
export function withRunnerStatus(counted: Tally, succeeded: boolean): Tally {
  const ranNothing = counted.passed + counted.failed === 0;
  const failsUnnamed = !succeeded && counted.failed === 0;
  return ranNothing || failsUnnamed ? { ...counted, failed: counted.failed + 1 } : counted;
}
