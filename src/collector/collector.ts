import { randomUUID } from 'node:crypto';
import { OursError } from '../core/errors.js';
import { callUser } from '../core/user-call.js';
import type { Identity } from '../protocol/identity.js';
import { DEFAULT_BATCH_BYTES, DEFAULT_BATCH_ROWS } from '../protocol/limits.js';
import type { Database } from '../sqlite/database.js';
import { loadSqlite } from '../sqlite/load-sqlite.js';
import { createExperimentActions } from './experiments/actions.js';
import { resolveExperiment } from './experiments/config.js';
import type { Experiment } from './experiments/experiment.js';
import type { ExperimentStore } from './experiments/experiment-store.js';
import { createAdmit } from './http/access.js';
import { browserRoutes } from './http/browser-ingest.js';
import { experimentInitRoute } from './http/experiment-init.js';
import { createFaults, type Faults } from './http/faults.js';
import { openapiRoute } from './http/openapi.js';
import { isTokenOf, protocolRoutes, type TokenKind } from './http/protocol-routes.js';
import { API_PREFIX } from './http/route.js';
import { createRouter } from './http/router.js';
import { createRowQuota } from './http/row-quota.js';
import { startServer } from './http/server.js';
import { createEventIngest } from './ingest/event-ingest.js';
import { createIngestRules } from './measuring/ingest-rules.js';
import { type CollectorOptions, checkCollectorOptions } from './options.js';
import { pageRoutes } from './page/page-routes.js';
import { newExperimentPath } from './page/paths.js';
import { platformRoutes } from './platform/platform-routes.js';
import { acceptsToken } from './platform/source-routes.js';
import type { EventLine } from './queries/log-queries.js';
import { createLogReader } from './queries/log-reader.js';
import type { ExperimentReport } from './queries/report.js';
import { createWaitFor, type WaitForOptions, type WantedEvent } from './queries/wait-for.js';
import type { CollectedEvent } from './store/collected-event.js';
import { createEventStore } from './store/event-store.js';
import { createExperimentStore } from './store/experiment-store.js';
import { type ForgottenVisitor, forgetVisitor } from './store/forget-visitor.js';
import { createMeasurements } from './store/measured/measurements.js';
import { openDatabase } from './store/open-database.js';
import { ensureSchema } from './store/schema.js';

export interface CollectorReport {
  readonly experiments: readonly ExperimentReport[];
  /** The number of events. */
  readonly total: number;
  /**
   * In the order of arrival, without those that arrive after the report. They are read from the log when this is first asked for,
   * which takes seconds for a million events and throws after the collector is closed.
   */
  readonly events: readonly EventLine[];
}

/** A local stand-in for the service that shows what happened to every event. */
export interface Collector extends AsyncDisposable {
  /** Origin, such as `http://127.0.0.1:49152`. */
  readonly url: string;
  /** The `baseUrl` for clients. */
  readonly baseUrl: string;
  /** Accepted rows in the order of arrival, including `$identify` and `$experiment_impression`. */
  events(): readonly CollectedEvent[];
  /** The newest rows first, each with its verdict. */
  recent(limit: number): readonly EventLine[];
  /**
   * Resolves to the first event that matches, as soon as it arrives. The client needs no `flush()`. For tests only: the whole
   * log is measured again at each arrival.
   *
   * @example
   * const { event } = await collector.waitFor({ event: 'purchase', verdict: 'counted' });
   *
   * @throws {OursError} `closed` when the collector is closed, `invalid_option` for an unknown verdict or a wrong `timeoutMs`
   * @throws {DOMException} `TimeoutError` after `timeoutMs` (5000), listing what arrived; or the signal's reason
   */
  waitFor(wanted: WantedEvent, options?: WaitForOptions): Promise<EventLine>;
  /** Rows that changed nothing because their `distinctId` was already stored. */
  readonly duplicates: number;
  /** Requests to the API so far, successful or not. */
  readonly requests: number;
  /** Requests so far to one path, relative to the base URL, such as `/batch`. */
  requestsTo(path: string): number;
  /** Connections opened so far. */
  readonly sockets: number;
  readonly faults: Faults;
  /** The results of every experiment and the verdict of every event, by the measuring rules of the service. Results take milliseconds. */
  report(): CollectorReport;
  /**
   * Deletes a person's events, names and assignments. Names that were seen together are one person.
   * @throws {OursError} `invalid_option` when no person is named
   */
  forget(person: Identity): ForgottenVisitor;
  /** Drops every connection, stops listening and closes the log. Later questions throw. */
  close(): Promise<void>;
}

/**
 * Starts a collector on a free port of this machine.
 *
 * @example
 * await using collector = await createCollector({ goal: 'purchase' });
 * const ours = createClient({ token: 'test_shop', baseUrl: collector.baseUrl });
 *
 * @throws {OursError} `invalid_option` for an invalid experiment, an unreadable data file, a host that needs tokens, or when
 * there is no SQLite.
 */
export async function createCollector(options: CollectorOptions = {}): Promise<Collector> {
  checkCollectorOptions(options);
  const { now = Date.now, data = ':memory:' } = options;
  const experiments = (options.experiments ?? []).map((config) => resolveExperiment(config, options.goal, now()));
  const database = openDatabase(loadSqlite(), data);
  try {
    return await startOn(database, experiments, { ...options, now });
  } catch (error) {
    database.close();
    throw error;
  }
}

async function startOn(
  database: Database,
  configured: readonly Experiment[],
  options: CollectorOptions & { readonly now: () => number },
): Promise<Collector> {
  const { now, host = '127.0.0.1', bots = 'allow', sources, apiKeys, maxBatchRows = DEFAULT_BATCH_ROWS } = options;
  const tokens = options.tokens && new Set(options.tokens);
  const allowedEvents = options.allowedEvents?.map((event) => (typeof event === 'string' ? { name: event } : event));
  ensureSchema(database);
  const experiments = createExperimentStore(database);
  saveNew(experiments, configured);
  const measurements = createMeasurements(database);
  // A file of an earlier version, or one that another process wrote to, may hold many events that are not measured.
  measurements.catchUp();
  const store = createEventStore({
    database,
    measurements,
    ingestRules: createIngestRules({ allowedEvents: allowedEvents?.map(({ name }) => name), bots }),
    findExperiment: experiments.find,
  });
  const ingest = createEventIngest({ store, now, observe: options.observe });
  const log = createLogReader({ database, experiments, measurements, refused: ingest.refused, now });
  const actions = createExperimentActions({ store: experiments, now, randomId });
  const faults = createFaults(options.random ?? Math.random);
  const isToken = (token: string, kind: TokenKind): boolean =>
    isTokenOf(kind, token, tokens) && acceptsToken(sources, token);
  const server = await startServer({
    host,
    port: options.port ?? 0,
    maxBodyBytes: options.maxBatchBytes ?? DEFAULT_BATCH_BYTES,
    now,
    router: createRouter([
      ...protocolRoutes({
        ingest,
        experiments,
        now,
        isReturning: log.isReturning,
        isToken,
        maxBatchRows,
        reportUnknown: (key) =>
          callUser(() =>
            options.onUnknownExperiment?.(key, `${server.url}${newExperimentPath({ key, primary: options.goal })}`),
          ),
      }),
      ...browserRoutes({ ingest, isKnownToken: (token) => isToken(token, 'source') }),
      experimentInitRoute({ experiments, isKnownToken: (token) => isToken(token, 'experiment') }),
      openapiRoute(),
      ...platformRoutes({
        experiments,
        actions,
        queries: log,
        randomId,
        sources,
        tokens,
        tokensHeard: ingest.tokensHeard,
        allowedEvents,
        eventNames: log.eventNames,
        apiKeys,
        startedAt: now(),
        baseUrl: () => `${server.url}${API_PREFIX}`,
        now,
      }),
      ...pageRoutes({
        experiments,
        actions,
        queries: log,
        subscribe: ingest.subscribe,
        clear: ingest.clear,
        exampleToken: tokens === undefined ? 'test_dev' : undefined,
        hasPassword: options.password !== undefined,
        now,
      }),
    ]),
    admit: createAdmit({ host, password: options.password, hasApiKeys: apiKeys !== undefined }),
    decideFault: faults.decide,
    quota: createRowQuota(now),
    reportOverQuota: () =>
      ingest.refuse('pages of other sites sent too many rows: some requests were answered with 429'),
  });
  const closed = new AbortController();
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closed.abort();
    closing ??= server.close().finally(() => database.close());
    return closing;
  };

  const checkOpen = (): void => {
    if (closing === undefined) return;
    throw new OursError('closed', 'the collector is closed: ask for events and reports before you close it.');
  };
  /** Wraps a question about the log, which cannot be answered after the collector is closed. */
  const whileOpen =
    <Args extends readonly unknown[], Answer>(ask: (...args: Args) => Answer) =>
    (...args: Args): Answer => {
      checkOpen();
      return ask(...args);
    };
  const totals = whileOpen(() => log.totals);
  const waitFor = createWaitFor({
    lines: whileOpen(log.all),
    refused: ingest.refused,
    subscribe: ingest.subscribe,
    baseUrl: () => `${server.url}${API_PREFIX}`,
    closing: closed.signal,
  });

  return {
    url: server.url,
    baseUrl: `${server.url}${API_PREFIX}`,
    events: whileOpen(log.collected),
    recent: whileOpen((limit) => log.events({ limit })),
    waitFor,
    get duplicates() {
      return totals().duplicates;
    },
    get requests() {
      return server.total;
    },
    requestsTo: (path) => server.requests.get(path) ?? 0,
    get sockets() {
      return server.sockets;
    },
    faults: faults.control,
    forget: whileOpen((person: Identity) => forgetVisitor(database, person, false)),
    report: whileOpen(() => {
      const lines = log.all();
      let events: readonly EventLine[] | undefined;
      return {
        experiments: experiments.list().map((experiment) => log.results(experiment)),
        total: log.totals.events,
        get events() {
          if (events === undefined) {
            checkOpen();
            events = [...lines];
          }
          return events;
        },
      };
    }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Saves configured experiments, except those that the data file already has. */
function saveNew(experiments: ExperimentStore, configured: readonly Experiment[]): void {
  for (const { key, id } of configured) {
    if (configured.filter((other) => other.key === key || other.id === id).length > 1) {
      throw new OursError('invalid_option', `experiment ${key}: another experiment has the same key or id.`);
    }
  }
  for (const experiment of configured) {
    const known = experiments.find(experiment.key) ?? experiments.find(experiment.id);
    if (known === undefined) experiments.save(experiment);
  }
}

function randomId(): string {
  return randomUUID().replaceAll('-', '').slice(0, 16);
}
