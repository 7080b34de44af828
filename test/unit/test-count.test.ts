import { expect, test } from 'vitest';
import { addReports, readReport } from '../test-count.ts';

test.each([
  { name: 'counts what passed', report: { numPassedTests: 3, numFailedTests: 0 }, status: 0, passed: 3, failed: 0 },
  { name: 'counts what failed', report: { numPassedTests: 1, numFailedTests: 2 }, status: 1, passed: 1, failed: 2 },
  {
    name: 'counts a file that could not be loaded',
    report: { numPassedTests: 1, numFailedTests: 0, testResults: [{ status: 'failed', assertionResults: [] }] },
    status: 1,
    passed: 1,
    failed: 1,
  },
  { name: 'counts a run without a report', report: {}, status: 1, passed: 0, failed: 1 },
])('readReport() $name', ({ report, status, passed, failed }) => {
  expect(readReport(JSON.stringify(report), status)).toEqual({ passed, failed });
});

test('addReports() adds up', () => {
  const counts = [
    { passed: 1, failed: 0 },
    { passed: 2, failed: 3 },
  ];
  expect(addReports(counts)).toEqual({ passed: 3, failed: 3 });
});
