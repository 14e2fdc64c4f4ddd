import { configDefaults, defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Commands of their own: `npm run test:observability` needs a Prometheus, `npm run test:clients` Python, `npm run
    // test:deploy` root.
    exclude: [...configDefaults.exclude, 'test/{observability,clients,deploy}/**'],
    globalSetup: ['test/support/global-setup.ts'],
    reporters: ['default', './test/support/closing-line-reporter.ts'],
    pool: 'forks',
    // Suites wait for programs more than they compute; with the default, one core less, two cores run one at a time.
    maxWorkers: '100%',
    // Suites that load models in their own process: see vision-child.ts.
    env: { ORT_DISABLE_TELEMETRY: '1' },
    // Generous, since a test may wait longer on a busy machine but must not fail there.
    testTimeout: 120_000,
    hookTimeout: 180_000,
    // vitest's own limit is 1 s, which a busy machine exceeds.
    expect: { poll: { timeout: 60_000 } },
    coverage: { provider: 'v8', include: ['src/**'] },
  },
});
