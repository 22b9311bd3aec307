/** A folder whose mutants are tried, and where its tests are. */
export interface Room {
  readonly source: string;
  /** How the paths of its tests begin. */
  readonly tests: readonly string[];
}

/**
 * Most test files reach most of the sources by way of the client: a room's own tests have to hold its promises. Tests that bundle
 * the sources for child processes (test/process, test/crash) would not see a mutant.
 */
export const ROOMS: readonly Room[] = [
  { source: 'src/protocol', tests: ['test/protocol'] },
  { source: 'src/delivery', tests: ['test/delivery', 'test/integration'] },
  { source: 'src/assignment', tests: ['test/assignment'] },
  { source: 'src/adapters', tests: ['test/adapters'] },
  { source: 'src/webhooks', tests: ['test/webhooks'] },
  {
    source: 'src/collector/measuring',
    // Not those of the collector's page and routes, which show what is measured.
    tests: ['measuring', 'queries/daily-report', 'queries/report', 'store']
      .map((name) => `test/collector/${name}`)
      .concat('test/fixtures-run'),
  },
  { source: 'src/outbox', tests: ['test/outbox', 'test/testing'] },
];
