import type { WarnOnce } from '../core/logger.js';
import type { EventCatalog } from '../protocol/catalog.js';
import type { Totals } from '../tracking/delivery-counts.js';
import { testTokenOf } from './create-visitor.js';
import type { Client, FlushOptions, ForgottenPerson } from './types.js';
import type { VisitorInput } from './visitor.js';

/** The part of a client that does not depend on test visits. */
export type LiveClient<Catalog extends EventCatalog> = Omit<Client<Catalog>, 'visitor' | typeof Symbol.asyncDispose>;

/** Visits in test mode: of visitors whose page address contains the right token. */
export interface TestVisits<Catalog extends EventCatalog> {
  /** The client for the events of a visitor. */
  clientOf(input: VisitorInput): LiveClient<Catalog>;
  /** As {@link Client.forget}, of all visits. */
  forget: Client<Catalog>['forget'];
  flush(options?: FlushOptions): Promise<Totals>;
  close(options?: FlushOptions): Promise<Totals>;
}

export interface TestVisitsOptions<Catalog extends EventCatalog> {
  readonly testToken: string | undefined;
  /** The client of all other visits. */
  readonly live: LiveClient<Catalog>;
  /** Creates a client that sends with the test token. */
  readonly create: () => LiveClient<Catalog>;
  readonly warnings: WarnOnce;
}

/**
 * Sends events of test visits through a second client, which is created for the first such visit. A durable outbox stores no
 * token, so these events wait in memory, and a crash loses them.
 *
 * A link cannot choose the token: only the one in the options is accepted.
 */
export function createTestVisits<Catalog extends EventCatalog>({
  testToken,
  live,
  create,
  warnings,
}: TestVisitsOptions<Catalog>): TestVisits<Catalog> {
  let tests: LiveClient<Catalog> | undefined;
  let isClosed = false;

  /** Its assignments record no impressions in the experiments of real visitors. */
  function createTests(): LiveClient<Catalog> {
    const client = create();
    return { ...client, assign: (key, options) => client.assign(key, { ...options, record: false }) };
  }

  return {
    clientOf(input) {
      const given = testTokenOf(input);
      if (!given) return live;
      if (given !== testToken) {
        warnings.throttled(
          'test visit',
          'the ours_test_token of a visit is not the option testToken (OURS_TEST_TOKEN): its events are sent as live events.',
        );
        return live;
      }
      if (isClosed) return tests ?? live;
      tests ??= createTests();
      return tests;
    },
    async forget(person, options) {
      return sum(await Promise.all([live.forget(person, options), tests?.forget(person, options)]));
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

function sum<Counts extends Totals | ForgottenPerson>([live, tests]: readonly [Counts, Counts | undefined]): Counts {
  if (tests === undefined) return live;
  const names = Object.keys(live) as (keyof Counts)[];
  return Object.fromEntries(names.map((name) => [name, Number(live[name]) + Number(tests[name])])) as unknown as Counts;
}
