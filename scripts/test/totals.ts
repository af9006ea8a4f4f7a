// What the test runners report, counted.

export type Totals = { passed: number; failed: number; skipped: number };

type VitestReport = {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  testResults: { status: string; assertionResults: unknown[] }[];
};

// A runner that fails with every test passed (a file that does not load, an error outside of tests) counts as one failure.
function withExitCode(totals: Totals, code: number): Totals {
  return code !== 0 && totals.failed === 0 ? { ...totals, failed: 1 } : totals;
}

/** Totals of vitest's JSON report (null: it wrote none), where the runner ended with `code`. */
export function readVitest(json: string | null, code: number): Totals {
  if (json === null) return withExitCode({ passed: 0, failed: 0, skipped: 0 }, code);
  const report = JSON.parse(json) as VitestReport;
  const unloaded = report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
  return withExitCode(
    {
      passed: report.numPassedTests,
      failed: report.numFailedTests + unloaded.length,
      skipped: report.numPendingTests + report.numTodoTests,
    },
    code,
  );
}

/** Totals of pytest's JUnit report (null: it wrote none), where the runner ended with `code`. */
export function readJunit(xml: string | null, code: number): Totals {
  const suite = /<testsuite [^>]*>/.exec(xml ?? '')?.[0] ?? '';
  const count = (name: string) => Number(new RegExp(` ${name}="(\\d+)"`).exec(suite)?.[1] ?? 0);
  const [failed, skipped] = [count('failures') + count('errors'), count('skipped')];
  return withExitCode({ passed: count('tests') - failed - skipped, failed, skipped }, code);
}

/** `N passed, N failed`, and `, N skipped` where there are any. */
export function totalsLine(all: Totals[]): string {
  const sum = (key: keyof Totals) => all.reduce((total, totals) => total + totals[key], 0);
  const skipped = sum('skipped');
  return `${sum('passed')} passed, ${sum('failed')} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
