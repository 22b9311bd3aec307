import { DEFAULT_BATCH_BYTES, DEFAULT_BATCH_ROWS } from '../protocol/limits.js';
import { type ExperimentConfig, resolveExperiment } from './experiments/config.js';
import { createExperimentMemory } from './experiments/experiment-memory.js';
import { createFaults, type Faults } from './http/faults.js';
import { API_PREFIX } from './http/precheck.js';
import { createRoutes } from './http/routes.js';
import { startServer } from './http/server.js';
import { type CollectorReport, reportOn } from './report.js';
import { type Arrival, type CollectedEvent, createEventLog } from './store/event-log.js';

export interface CollectorOptions {
  /** @default none */
  readonly experiments?: readonly ExperimentConfig[] | undefined;
  /** The goal of every experiment that names no `primary` event. */
  readonly goal?: string | undefined;
  /** Event names the dashboard lists, in any case; others are taken and dropped. @default every name */
  readonly allowedEvents?: readonly string[] | undefined;
  /** Known source and experiment tokens. @default every token; experiment tokens start with `exp_`, source tokens do not */
  readonly tokens?: readonly string[] | undefined;
  /** @default a free one */
  readonly port?: number | undefined;
  /** @default '127.0.0.1' */
  readonly host?: string | undefined;
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
}

/** A local stand-in for the service, which knows what became of every event. */
export interface Collector extends AsyncDisposable {
  /** Origin, such as `http://127.0.0.1:49152`. */
  readonly url: string;
  /** What a client needs as its `baseUrl`. */
  readonly baseUrl: string;
  /** Accepted rows in the order of arrival, among them `$identify` and `$experiment_impression`. */
  events(): readonly CollectedEvent[];
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
  /** Drops every connection and stops listening. */
  close(): Promise<void>;
}

/**
 * Starts a collector on a free port of this machine.
 *
 * @example
 * await using collector = await createCollector({ goal: 'purchase' });
 * const ours = createClient({ token: 'test_shop', baseUrl: collector.baseUrl });
 *
 * @throws OursError `invalid_option` for an experiment that cannot be.
 */
export async function createCollector(options: CollectorOptions = {}): Promise<Collector> {
  const { now = Date.now, maxBatchBytes = DEFAULT_BATCH_BYTES, maxBatchRows = DEFAULT_BATCH_ROWS } = options;
  const experiments = (options.experiments ?? []).map((config) => resolveExperiment(config, options.goal, now()));
  const log = createEventLog(options.observe);
  const faults = createFaults(options.random ?? Math.random);
  const rules = { experiments, allowedEvents: options.allowedEvents, bots: options.bots ?? 'allow' } as const;
  const server = await startServer({
    host: options.host ?? '127.0.0.1',
    port: options.port ?? 0,
    maxBodyBytes: maxBatchBytes,
    now,
    findRoute: createRoutes({
      log,
      experiments: createExperimentMemory(experiments),
      // Nobody is asked about yet: everybody counts as new.
      isReturning: () => false,
      tokens: options.tokens && new Set(options.tokens),
      maxBatchRows,
      now,
    }),
    decideFault: faults.decide,
    overview: () => ({ events: log.events.length, duplicates: log.duplicates, requests: total() }),
  });
  const total = (): number => [...server.requests.values()].reduce((sum, count) => sum + count, 0);
  const close = (): Promise<void> => server.close();

  return {
    url: server.url,
    baseUrl: `${server.url}${API_PREFIX}`,
    events: () => [...log.events],
    get duplicates() {
      return log.duplicates;
    },
    get requests() {
      return total();
    },
    requestsTo: (path) => server.requests.get(path) ?? 0,
    get sockets() {
      return server.sockets;
    },
    faults: faults.control,
    report: () => reportOn(log.events, rules, now()),
    close,
    [Symbol.asyncDispose]: close,
  };
}
