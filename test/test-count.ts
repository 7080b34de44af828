/** How many tests ended how. */
export interface Count {
  readonly passed: number;
  readonly failed: number;
}

/** The sum of several counts. */
export function addReports(counts: readonly Count[]): Count {
  return {
    passed: counts.reduce((sum, { passed }) => sum + passed, 0),
    failed: counts.reduce((sum, { failed }) => sum + failed, 0),
  };
}

/**
 * Reads what vitest's JSON reporter wrote. A file that could not even be loaded counts as one failed test, and so does
 * a run that failed for any other reason.
 */
export function readReport(text: string, exitStatus: number): Count {
  const report = JSON.parse(text) as {
    readonly numPassedTests?: number;
    readonly numFailedTests?: number;
    readonly testResults?: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[];
  };
  const notLoaded = (report.testResults ?? []).filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  );
  const failed = (report.numFailedTests ?? 0) + notLoaded.length;
  return { passed: report.numPassedTests ?? 0, failed: failed === 0 && exitStatus !== 0 ? 1 : failed };
}
