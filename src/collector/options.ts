import { OursError } from '../core/errors.js';
import { typeName } from '../core/refusal.js';
import { describeUnknown, fieldNames } from '../core/unknown-names.js';
import { isLoopback } from '../protocol/loopback.js';
import type { ExperimentConfig } from './experiments/config.js';
import type { AllowedEventConfig } from './platform/allowed-event-routes.js';
import type { ApiKeyConfig } from './platform/api-keys.js';
import type { SourceConfig } from './platform/source-routes.js';
import type { Arrival } from './store/collected-event.js';

export interface CollectorOptions {
  /** The SQLite file that stores events and experiments. It is created if it does not exist. @default in memory */
  readonly data?: string | undefined;
  /** Experiments whose key is already in the data file keep what the file says. @default none */
  readonly experiments?: readonly ExperimentConfig[] | undefined;
  /** The goal of every experiment that names no `primary` event. */
  readonly goal?: string | undefined;
  /** Event names that the dashboard lists, in any case. Other events are accepted and dropped. @default every name */
  readonly allowedEvents?: readonly (string | AllowedEventConfig)[] | undefined;
  /** The sources that the dashboard lists. @default one for each source token in `tokens`, or else for each that sent something */
  readonly sources?: readonly SourceConfig[] | undefined;
  /** The keys that the Platform API (`/rest/v1`) accepts. @default no key is needed to use it, only access to the pages */
  readonly apiKeys?: readonly ApiKeyConfig[] | undefined;
  /** Accepted source and experiment tokens. @default every token; experiment tokens start with `exp_`, source tokens do not */
  readonly tokens?: readonly string[] | undefined;
  /** @default a free port */
  readonly port?: number | undefined;
  /** An address that other machines can reach requires `tokens`. @default '127.0.0.1' */
  readonly host?: string | undefined;
  /**
   * The password of the pages and the Platform API, sent as HTTP basic authentication (with any user name) or as a bearer token.
   * @default none: only this machine sees the pages, and if other machines can reach the collector, the pages are closed
   */
  readonly password?: string | undefined;
  /** Batches with more rows are refused with 413. @default 100 */
  readonly maxBatchRows?: number | undefined;
  /** Larger bodies are refused with 413. @default 524288 */
  readonly maxBatchBytes?: number | undefined;
  /** Whether events of bots count. @default 'allow' */
  readonly bots?: 'allow' | 'block' | undefined;
  /** The clock for receipt, the `Date` header and experiments, in milliseconds since the epoch. @default Date.now */
  readonly now?: (() => number) | undefined;
  /** The random numbers of `faults.random`, in [0, 1). @default Math.random */
  readonly random?: (() => number) | undefined;
  /** Called with every row after it was processed, before its sender is answered. */
  readonly observe?: ((arrival: Arrival) => void) | undefined;
  /** Called when an assignment asks for a key that no experiment has, with the address of the form that creates it. */
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

/** @throws {OursError} `invalid_option` for unknown options, and for options that would let strangers in */
export function checkCollectorOptions(options: CollectorOptions): void {
  const unknown = describeUnknown(options, OPTIONS);
  if (unknown !== undefined)
    throw new OursError('invalid_option', `createCollector has an unknown option: ${unknown}.`);
  const { host, password, apiKeys = [], tokens = [] } = options;
  if (host !== undefined && !isLoopback(host) && tokens.length === 0) {
    throw new OursError(
      'invalid_option',
      `host ${host} can be reached from other machines, so strangers could fill the log: list the accepted tokens in tokens.`,
    );
  }
  if (password !== undefined) checkSecret('password', password, tokens);
  for (const { key } of apiKeys) checkSecret('a key of apiKeys', key, tokens);
}

/** Checks what lets a reader in. An unset environment variable is empty or missing. */
function checkSecret(name: string, secret: unknown, tokens: readonly string[]): void {
  if (secret === '') throw new OursError('invalid_option', `${name} is empty: leave it out, or set one.`);
  if (typeof secret !== 'string') {
    throw new OursError('invalid_option', `${name} must be a string; got ${typeName(secret)}.`);
  }
  if (tokens.includes(secret)) {
    throw new OursError(
      'invalid_option',
      `${name} is one of tokens, which every web page shows: choose a different one.`,
    );
  }
}
