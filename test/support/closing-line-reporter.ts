import type { Reporter, TestModule } from 'vitest/node';

/** Ends a run with one line that is easy to parse: `N passed, N failed, N skipped`. */
export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const counts = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    for (const module of modules) {
      for (const test of module.children.allTests()) counts[test.result().state] += 1;
      // A failing hook or import counts as a failure, although it belongs to no test.
      const parts = [module, ...module.children.allSuites()];
      counts.failed += parts.filter((part) => part.errors().length > 0).length;
    }
    const failed = counts.failed + errors.length;
    process.stdout.write(
      `\n${counts.passed} passed, ${failed} failed, ${counts.skipped + counts.pending} skipped\n`,
    );
  }
}
