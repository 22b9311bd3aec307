import { type Outcome, reasonOf } from '../core/outcome.js';
import type { OutboxState } from '../outbox/outbox-state.js';
import { VERSION } from './command.js';

/** The number of events with one outcome. `reason` is `''` for delivered events. */
export interface OutcomeCount {
  readonly status: Outcome['status'];
  readonly reason: string;
  count: number;
}

/** The outcomes of a relay. They start at 0: `rate()` misses the first event of a counter that appears with it. */
const EXPECTED: readonly Omit<OutcomeCount, 'count'>[] = [
  { status: 'delivered', reason: '' },
  { status: 'rejected', reason: 'invalid_event' },
  { status: 'rejected', reason: 'http_error' },
  { status: 'rejected', reason: 'event_too_large' },
  { status: 'dropped', reason: 'too_old' },
  { status: 'dropped', reason: 'retries_exhausted' },
];

/** Counts outcomes. */
export class Tally {
  readonly #counts: OutcomeCount[] = EXPECTED.map((expected) => ({ ...expected, count: 0 }));

  add(outcome: Outcome): void {
    const reason = reasonOf(outcome);
    const known = this.#counts.find((one) => one.status === outcome.status && one.reason === reason);
    if (known === undefined) this.#counts.push({ status: outcome.status, reason, count: 1 });
    else known.count += 1;
  }

  get counts(): readonly Readonly<OutcomeCount>[] {
    return this.#counts;
  }

  /** The number of events with this status. */
  total(status: Outcome['status']): number {
    return this.#counts.reduce((sum, one) => (one.status === status ? sum + one.count : sum), 0);
  }
}

/** A metric with a value for each set of labels. */
export interface Metric {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  readonly samples: readonly Sample[];
}

export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/**
 * The metrics of a relay.
 * @param state `undefined` while the outbox does not answer
 * @param isUp whether the outbox answers and the relay's operations on it succeed
 */
export function relayMetrics(
  outcomes: readonly Readonly<OutcomeCount>[],
  state: OutboxState | undefined,
  isUp: boolean,
): Metric[] {
  const metrics = [
    metric('build_info', 'gauge', 'The running version.', [{ labels: { version: VERSION }, value: 1 }]),
    gauge('outbox_up', 'Whether the outbox answers and the relay can work on it: 1 or 0.', isUp ? 1 : 0),
    metric(
      'outcomes_total',
      'counter',
      'Events with an outcome from this relay, by status and reason.',
      outcomes.map(({ status, reason, count }) => ({ labels: { status, reason }, value: count })),
    ),
  ];
  if (state === undefined) return metrics;
  const { waiting, claimed, bytes, deadLetters, oldestAgeMs = 0 } = state;
  return [
    ...metrics,
    gauge(
      'waiting_events',
      'Events in the outbox that wait to be claimed, including delayed events. Estimated for a long queue in PostgreSQL.',
      waiting,
    ),
    gauge('claimed_events', 'Events in the outbox that a relay is delivering.', claimed),
    gauge('outbox_bytes', 'Bytes of waiting and claimed events.', bytes),
    gauge('dead_letters', 'Dead letters in the outbox.', deadLetters),
    gauge('oldest_age_seconds', 'Age of the oldest event in the outbox; 0 when it is empty.', oldestAgeMs / 1000),
  ];
}

function gauge(name: string, help: string, value: number): Metric {
  return metric(name, 'gauge', help, [{ value }]);
}

function metric(name: string, type: Metric['type'], help: string, samples: readonly Sample[]): Metric {
  return { name: `ours_ingest_${name}`, type, help, samples };
}

export const PROMETHEUS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Formats metrics in the Prometheus text format, version 0.0.4. */
export function toPrometheusText(metrics: readonly Metric[]): string {
  const lines = metrics.flatMap(({ name, help, type, samples }) => [
    `# HELP ${name} ${help.replace(/[\\\n]/g, escaped)}`,
    `# TYPE ${name} ${type}`,
    ...samples.map(({ labels = {}, value }) => `${name}${toLabels(labels)} ${value}`),
  ]);
  return `${lines.join('\n')}\n`;
}

function toLabels(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value.replace(/[\\\n"]/g, escaped)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escaped(character: string): string {
  return character === '\n' ? '\\n' : `\\${character}`;
}
