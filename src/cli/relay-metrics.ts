import type { OutboxState } from './outbox-state.js';
import type { Metric, Sample } from './prometheus.js';
import type { OutcomeCount } from './tally.js';
import { VERSION } from './version.js';

/**
 * What a relay tells Prometheus.
 * @param state is missing while the outbox does not answer
 * @param isUp whether the outbox answers and the relay can work on it
 */
export function relayMetrics(
  outcomes: readonly Readonly<OutcomeCount>[],
  state: OutboxState | undefined,
  isUp: boolean,
): Metric[] {
  const metrics: Metric[] = [
    metric('build_info', 'gauge', 'The version that runs.', [{ labels: { version: VERSION }, value: 1 }]),
    metric('outbox_up', 'gauge', 'Whether the outbox answers and the relay can work on it: 1 or 0.', [
      { value: isUp ? 1 : 0 },
    ]),
    metric(
      'outcomes_total',
      'counter',
      'Events this relay has ended, by how and why.',
      outcomes.map(({ status, reason, count }) => ({ labels: { status, reason }, value: count })),
    ),
  ];
  if (state === undefined) return metrics;
  const { waiting, claimed, bytes, deadLetters, oldestAgeMs = 0 } = state;
  return [
    ...metrics,
    gauge('waiting_events', 'Events in the outbox that wait to be claimed, delayed ones included.', waiting),
    gauge('claimed_events', 'Events in the outbox that a relay is delivering.', claimed),
    gauge('outbox_bytes', 'Bytes of waiting and claimed events.', bytes),
    gauge('dead_letters', 'Events in the outbox that were given up.', deadLetters),
    gauge(
      'oldest_age_seconds',
      'How long the oldest event has been in the outbox; 0 when it is empty.',
      oldestAgeMs / 1000,
    ),
  ];
}

function gauge(name: string, help: string, value: number): Metric {
  return metric(name, 'gauge', help, [{ value }]);
}

function metric(name: string, type: Metric['type'], help: string, samples: readonly Sample[]): Metric {
  return { name: `ours_ingest_${name}`, type, help, samples };
}
