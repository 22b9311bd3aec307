import { randomUUID } from 'node:crypto';
import { OursError } from '../core/errors.js';
import { describeUnknown, fieldNames } from '../core/unknown-names.js';
import { callUser } from '../core/user-call.js';
import type { Identity } from '../protocol/identity.js';
import { DEFAULT_BATCH_BYTES, DEFAULT_BATCH_ROWS } from '../protocol/limits.js';
import { isLoopback } from '../protocol/loopback.js';
import type { Database } from '../sqlite/database.js';
import { loadSqlite } from '../sqlite/load-sqlite.js';
import { createExperimentActions } from './experiments/actions.js';
import { type ExperimentConfig, resolveExperiment } from './experiments/config.js';
import type { Experiment } from './experiments/experiment.js';
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
import { createIntake } from './ingest/event-ingest.js';
import type { EventLine } from './insight.js';
import { createDoor } from './measuring/door.js';
import { pageRoutes } from './page/page-routes.js';
import { newExperimentPath } from './page/paths.js';
import type { AllowedEventConfig } from './platform/allowed-event-routes.js';
import type { ApiKeyConfig } from './platform/api-keys.js';
import { platformRoutes } from './platform/platform-routes.js';
import { acceptsToken, type SourceConfig } from './platform/source-routes.js';
import type { CollectorReport } from './report.js';
import { type Arrival, type CollectedEvent, createEventStore } from './store/event-store.js';
import { createExperimentStore } from './store/experiment-store.js';
import { type ForgottenVisitor, forgetVisitor } from './store/forget-visitor.js';
import { createLogReader } from './store/log-reader.js';
import { openDatabase } from './store/open-database.js';
import { ensureSchema } from './store/schema.js';
import { createWaitFor, type WaitForOptions, type WantedEvent } from './wait-for.js';

export interface CollectorOptions {
  /** The SQLite file that keeps events and experiments; it is made where there is none. @default in memory */
  readonly data?: string | undefined;
  /** Those whose key the data file knows already stay as they are there. @default none */
  readonly experiments?: readonly ExperimentConfig[] | undefined;
  /** The goal of every experiment that names no `primary` event. */
  readonly goal?: string | undefined;
  /** Event names the dashboard lists, in any case; others are taken and dropped. @default every name */
  readonly allowedEvents?: readonly (string | AllowedEventConfig)[] | undefined;
  /** The sources the dashboard lists. @default one for each source token that is known, or else was heard of */
  readonly sources?: readonly SourceConfig[] | undefined;
  /**
   * Keys of the Platform API (`/rest/v1`), which then asks for one.
   * @default whoever may see the page may use it, without a key
   */
  readonly apiKeys?: readonly ApiKeyConfig[] | undefined;
  /** Known source and experiment tokens. @default every token; experiment tokens start with `exp_`, source tokens do not */
  readonly tokens?: readonly string[] | undefined;
  /** @default a free one */
  readonly port?: number | undefined;
  /** Where other machines can reach it, `tokens` are needed. @default '127.0.0.1' */
  readonly host?: string | undefined;
  /**
   * What the pages and the Platform API ask for, as HTTP's basic authentication (with any user name) or as a bearer.
   * @default none: only this machine sees the pages, and nobody does where other machines can reach the collector
   */
  readonly password?: string | undefined;
  /** More rows in a batch are refused with 413. @default 100 */
  readonly maxBatchRows?: number | undefined;
  /** Larger bodies are refused with 413. @default 524288 */
  readonly maxBatchBytes?: number | undefined;
  /** Whether events of bots count. @default 'allow' */
  readonly bots?: 'allow' | 'block' | undefined;
  /** The clock, in milliseconds since the epoch: of receipt, of the `Date` header and of experiments. @default Date.now */
  readonly now?: (() => number) | undefined;
  /** Chance for `faults.random`, in [0, 1). @default Math.random */
  readonly random?: (() => number) | undefined;
  /** Hears of every row once it was dealt with, before its sender is answered. */
  readonly observe?: ((arrival: Arrival) => void) | undefined;
  /** Hears of every assignment that was asked for under a key that no experiment has, with the address of a form that creates it. */
  readonly onUnknownExperiment?: ((key: string, formUrl: string) => void) | undefined;
}

const OPTIONS = fieldNames<CollectorOptions>({
  data: 1,
  experiments: 1,
  goal: 1,
  allowedEvents: 1,
  sources: 1,
  apiKeys: 1,
  tokens: 1,
  port: 1,
  host: 1,
  password: 1,
  maxBatchRows: 1,
  maxBatchBytes: 1,
  bots: 1,
  now: 1,
  random: 1,
  observe: 1,
  onUnknownExperiment: 1,
});

/** A local stand-in for the service, which knows what became of every event. */
export interface Collector extends AsyncDisposable {
  /** Origin, such as `http://127.0.0.1:49152`. */
  readonly url: string;
  /** What a client needs as its `baseUrl`. */
  readonly baseUrl: string;
  /** Accepted rows in the order of arrival, among them `$identify` and `$experiment_impression`. */
  events(): readonly CollectedEvent[];
  /** The newest rows first, each with why it counted or not. Costs as much as their visitors have events. */
  recent(limit: number): readonly EventLine[];
  /**
   * Resolves to the first event that is as wanted, as soon as it is there. It waits for what the client sends, so it needs no
   * `flush()`. The whole log is judged at each arrival: this is for tests.
   *
   * @example
   * const { event } = await collector.waitFor({ event: 'purchase', verdict: 'counted' });
   *
   * @throws {OursError} `closed` when the collector is closed, `invalid_option` for a verdict that does not exist
   * @throws {DOMException} `TimeoutError` after `timeoutMs` (5000), saying what did arrive; the signal's reason
   */
  waitFor(wanted: WantedEvent, options?: WaitForOptions): Promise<EventLine>;
  /** Rows that changed nothing because their `distinctId` was there already. */
  readonly duplicates: number;
  /** Requests to the API so far, whatever became of them. */
  readonly requests: number;
  /** Requests so far to one path relative to the base URL, such as `/batch`. */
  requestsTo(path: string): number;
  /** Connections opened so far. */
  readonly sockets: number;
  readonly faults: Faults;
  /** Results of every experiment, and for every event why it counted or not, by the measuring rules of the service. */
  report(): CollectorReport;
  /**
   * Removes a person's events, names and assignments. Names that were seen together are one person.
   * @throws {OursError} `invalid_option` when nobody is named
   */
  forget(person: Identity): ForgottenVisitor;
  /** Drops every connection, stops listening and lets go of the log: what is asked of it later throws. */
  close(): Promise<void>;
}

/**
 * Starts a collector on a free port of this machine.
 *
 * @example
 * await using collector = await createCollector({ goal: 'purchase' });
 * const ours = createClient({ token: 'test_shop', baseUrl: collector.baseUrl });
 *
 * @throws {OursError} `invalid_option` for an experiment that cannot be, a data file that cannot be read, a host that needs
 * tokens, or where there is no SQLite.
 */
export async function createCollector(options: CollectorOptions = {}): Promise<Collector> {
  const unknown = describeUnknown(options, OPTIONS);
  if (unknown !== undefined)
    throw new OursError('invalid_option', `createCollector has an unknown option: ${unknown}.`);
  const { now = Date.now, host = '127.0.0.1', data = ':memory:' } = options;
  if (!isLoopback(host) && !options.tokens?.length) {
    throw new OursError(
      'invalid_option',
      `host ${host} can be reached from other machines, so strangers could fill it: list the tokens it accepts in tokens.`,
    );
  }
  checkPassword(options);
  const experiments = (options.experiments ?? []).map((config) => resolveExperiment(config, options.goal, now()));
  const database = openDatabase(loadSqlite(), data);
  try {
    return await startOn(database, experiments, { ...options, now, host });
  } catch (error) {
    database.close();
    throw error;
  }
}

function checkPassword({ password, tokens = [] }: CollectorOptions): void {
  if (password === '') throw new OursError('invalid_option', 'password is empty: leave it out, or set one.');
  if (password !== undefined && tokens.includes(password)) {
    throw new OursError(
      'invalid_option',
      'password is one of tokens, and web pages carry those for everybody to read: choose another one.',
    );
  }
}

async function startOn(
  database: Database,
  configured: readonly Experiment[],
  options: CollectorOptions & { readonly now: () => number; readonly host: string },
): Promise<Collector> {
  const { now, host, bots = 'allow', sources, apiKeys, maxBatchRows = DEFAULT_BATCH_ROWS } = options;
  const tokens = options.tokens && new Set(options.tokens);
  const allowedEvents = options.allowedEvents?.map((event) => (typeof event === 'string' ? { name: event } : event));
  ensureSchema(database);
  const experiments = createExperimentStore(database);
  for (const { key, id } of configured) {
    if (configured.filter((other) => other.key === key || other.id === id).length > 1) {
      throw new OursError('invalid_option', `experiment ${key}: another one has the same key or id.`);
    }
  }
  for (const experiment of configured) {
    const known = experiments.find(experiment.key) ?? experiments.find(experiment.id);
    if (known === undefined) experiments.save(experiment);
  }
  const store = createEventStore({
    database,
    door: createDoor({ allowedEvents: allowedEvents?.map(({ name }) => name), bots }),
    findExperiment: experiments.find,
  });
  const intake = createIntake({ store, now, observe: options.observe });
  const log = createLogReader({ database, experiments, refused: intake.refused, now });
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
        intake,
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
      ...browserRoutes({ intake, isKnownToken: (token) => isToken(token, 'source') }),
      experimentInitRoute({ experiments, isKnownToken: (token) => isToken(token, 'experiment') }),
      openapiRoute(),
      ...platformRoutes({
        experiments,
        actions,
        insight: log,
        randomId,
        sources,
        tokens,
        tokensHeard: intake.tokensHeard,
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
        insight: log,
        subscribe: intake.subscribe,
        clear: intake.clear,
        exampleToken: tokens === undefined ? 'test_dev' : undefined,
        now,
      }),
    ]),
    admit: createAdmit({ host, password: options.password, hasApiKeys: apiKeys !== undefined }),
    decideFault: faults.decide,
    quota: createRowQuota(now),
    reportOverQuota: () =>
      intake.refuse('pages of other sites send more rows than a person causes: some were answered with 429'),
  });
  const closed = new AbortController();
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closed.abort();
    closing ??= server.close().finally(() => database.close());
    return closing;
  };

  /** What is asked of the log; it is gone once the collector is closed. */
  const whileOpen =
    <Asked extends readonly unknown[], Answer>(ask: (...asked: Asked) => Answer) =>
    (...asked: Asked): Answer => {
      if (closing === undefined) return ask(...asked);
      throw new OursError('closed', 'the collector is closed: ask it for events and reports before that.');
    };
  const totals = whileOpen(() => log.totals);
  const waitFor = createWaitFor({
    lines: whileOpen(log.all),
    refused: intake.refused,
    subscribe: intake.subscribe,
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
    report: whileOpen(() => ({
      experiments: experiments.list().map((experiment) => log.results(experiment)),
      events: log.all(),
    })),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function randomId(): string {
  return randomUUID().replaceAll('-', '').slice(0, 16);
}
