import type { WarnOnce } from '../core/logger.js';
import type { EventCatalog } from '../protocol/catalog.js';
import type { Totals } from '../tracking/delivery-counts.js';
import type { Client, FlushOptions } from './types.js';
import type { VisitorInput } from './visitor.js';

/** A client as far as it knows nothing of test visits. */
export type LiveClient<Catalog extends EventCatalog> = Omit<Client<Catalog>, 'visitor' | typeof Symbol.asyncDispose>;

/** The visits in test mode: whoever opens a page with the right token in its address. */
export interface TestVisits<Catalog extends EventCatalog> {
  /** The client for a visitor's events. */
  clientOf(input: VisitorInput): LiveClient<Catalog>;
  flush(options?: FlushOptions): Promise<Totals>;
  close(options?: FlushOptions): Promise<Totals>;
}

export interface TestVisitsOptions<Catalog extends EventCatalog> {
  readonly testToken: string | undefined;
  /** The client for everybody else. */
  readonly live: LiveClient<Catalog>;
  /** Makes a client that sends with the test token. */
  readonly create: () => LiveClient<Catalog>;
  readonly warnings: WarnOnce;
}

/**
 * Sends the events of a visit in test mode through a client of their own, made when the first such visit comes: a token belongs
 * to a request, and a durable outbox keeps events without one. So these events wait in memory, and a crash loses them.
 *
 * A link cannot name just any token: only the one that the options have is taken.
 */
export function createTestVisits<Catalog extends EventCatalog>({
  testToken,
  live,
  create,
  warnings,
}: TestVisitsOptions<Catalog>): TestVisits<Catalog> {
  let tests: LiveClient<Catalog> | undefined;
  let isClosed = false;

  /** Assignments are asked for as ever, but leave no impression in the experiment that real visitors are in. */
  function createTests(): LiveClient<Catalog> {
    const client = create();
    return { ...client, assign: (key, options) => client.assign(key, { ...options, record: false }) };
  }

  return {
    clientOf(input) {
      if (!input.testToken) return live;
      if (input.testToken !== testToken) {
        warnings.throttled(
          'test visit',
          'a visit asks for test mode (ours_test_token) with a token that is not the option testToken (OURS_TEST_TOKEN): its server-side events go out as those of any visitor.',
        );
        return live;
      }
      if (isClosed) return tests ?? live;
      tests ??= createTests();
      return tests;
    },
    async flush(options) {
      return sum(await Promise.all([live.flush(options), tests?.flush(options)]));
    },
    async close(options) {
      isClosed = true;
      return sum(await Promise.all([live.close(options), tests?.close(options)]));
    },
  };
}

function sum([live, tests]: readonly [Totals, Totals | undefined]): Totals {
  if (tests === undefined) return live;
  return {
    delivered: live.delivered + tests.delivered,
    pending: live.pending + tests.pending,
    rejected: live.rejected + tests.rejected,
    dropped: live.dropped + tests.dropped,
    unknown: live.unknown + tests.unknown,
  };
}
