// What the test runners report, counted, and what failed by its name.

/** `failures`: one line each, `FILE › TEST: first line of its message`. */
export type Totals = { passed: number; failed: number; skipped: number; failures: string[] };

type VitestReport = {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  testResults: {
    name: string;
    status: string;
    message: string;
    assertionResults: { fullName: string; status: string; failureMessages: string[] }[];
  }[];
};

const firstLine = (message = '') => message.trim().split('\n')[0] as string;

// A runner that fails with every test passed (a file that does not load, an error outside of tests) counts as one failure.
function withExitCode(totals: Totals, code: number): Totals {
  return code !== 0 && totals.failed === 0 ? { ...totals, failed: 1 } : totals;
}

/** Totals of vitest's JSON report (null: it wrote none), where the runner ended with `code`. */
export function readVitest(json: string | null, code: number): Totals {
  if (json === null) return withExitCode({ passed: 0, failed: 0, skipped: 0, failures: [] }, code);
  const report = JSON.parse(json) as VitestReport;
  const unloaded = report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
  return withExitCode(
    {
      passed: report.numPassedTests,
      failed: report.numFailedTests + unloaded.length,
      skipped: report.numPendingTests + report.numTodoTests,
      failures: [
        ...unloaded.map(({ name, message }) => `${name}: ${firstLine(message)}`),
        ...report.testResults.flatMap(({ name, assertionResults }) =>
          assertionResults
            .filter(({ status }) => status === 'failed')
            .map((test) => `${name} › ${test.fullName}: ${firstLine(test.failureMessages[0])}`),
        ),
      ],
    },
    code,
  );
}

/** Totals of pytest's JUnit report (null: it wrote none), where the runner ended with `code`. */
export function readJunit(xml: string | null, code: number): Totals {
  const suite = /<testsuite [^>]*>/.exec(xml ?? '')?.[0] ?? '';
  const count = (name: string) => Number(new RegExp(` ${name}="(\\d+)"`).exec(suite)?.[1] ?? 0);
  const [failed, skipped] = [count('failures') + count('errors'), count('skipped')];
  const cases = (xml ?? '').matchAll(
    /<testcase classname="([^"]*)" name="([^"]*)"[^>]*><(?:failure|error) message="([^"]*)"/g,
  );
  const failures = [...cases].map(([, file, name, message]) =>
    unescapeXml(`${[file, name].filter(Boolean).join(' › ')}: ${firstLine(message?.replaceAll('&#10;', '\n'))}`),
  );
  return withExitCode({ passed: count('tests') - failed - skipped, failed, skipped, failures }, code);
}

const ENTITIES: Record<string, string> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };
const unescapeXml = (text: string) =>
  text.replace(/&(lt|gt|quot|apos|amp);/g, (_, name: string) => ENTITIES[name] ?? '');

/** `N passed, N failed`, and `, N skipped` where there are any. */
export function totalsLine(all: Totals[]): string {
  const sum = (key: 'passed' | 'failed' | 'skipped') => all.reduce((total, totals) => total + totals[key], 0);
  const skipped = sum('skipped');
  return `${sum('passed')} passed, ${sum('failed')} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
