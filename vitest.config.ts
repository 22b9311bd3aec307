import { defineConfig } from 'vitest/config';

export default defineConfig({
  // The examples import the package by its name.
  resolve: { tsconfigPaths: true },
  test: {
    include: ['test/**/*.test.ts'],
    typecheck: { enabled: true, include: ['test/**/*.test-d.ts'] },
    globalSetup: ['test/support/services.ts'],
    // An event lost to an unhandled rejection must fail the run, whichever test caused it.
    dangerouslyIgnoreUnhandledErrors: false,
    testTimeout: 30_000,
    reporters: process.env.CI ? ['default', ['json', { outputFile: 'artifacts/tests.json' }]] : ['default'],
    coverage: { provider: 'v8', include: ['src/**'] },
  },
});
