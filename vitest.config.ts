import { defineConfig } from 'vitest/config';

export default defineConfig({
  // The examples import the package by its name.
  resolve: { tsconfigPaths: true },
  test: {
    include: ['test/**/*.test.ts'],
    typecheck: { enabled: true, include: ['test/**/*.test-d.ts'] },
    // It imports `next/headers`, which only a bundler finds without its extension.
    server: { deps: { inline: ['flags'] } },
    globalSetup: ['test/support/services.ts'],
    // An event lost to an unhandled rejection must fail the run, whichever test caused it.
    dangerouslyIgnoreUnhandledErrors: false,
    // Limits for what hangs, not statements about how long anything takes: the machine may be slow or busy.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    teardownTimeout: 60_000,
    expect: { poll: { timeout: 60_000 } },
    reporters: process.env.CI ? ['default', ['json', { outputFile: 'artifacts/tests.json' }]] : ['default'],
    coverage: { provider: 'v8', include: ['src/**'] },
  },
});
