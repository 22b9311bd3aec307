import type { Meter } from '@opentelemetry/api';
import type { CircuitState } from '../observer.js';
import { failureAttributes, httpAttributes, messagingAttributes } from './attributes.js';
import { subscribe } from './subscribe.js';

/** The bounds that OpenTelemetry recommends for durations in seconds. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
const CIRCUIT_VALUES: Readonly<Record<CircuitState, number>> = { closed: 0, 'half-open': 1, open: 2 };

/** Records what the channels publish. Returns how to stop. */
export function recordMetrics(meter: Meter): () => void {
  const tracked = meter.createCounter('ours_ingest.events.tracked', {
    description: 'Events that track or identify accepted.',
    unit: '{event}',
  });
  const settled = meter.createCounter('ours_ingest.events.settled', {
    description: 'Events with an outcome, by status and reason.',
    unit: '{event}',
  });
  const released = meter.createCounter('ours_ingest.events.retried', {
    description: 'Events that went back to the outbox to be sent again.',
    unit: '{event}',
  });
  const sent = meter.createCounter('messaging.client.sent.messages', {
    description: 'Events in requests to the service, retries included.',
    unit: '{message}',
  });
  const duration = meter.createHistogram('http.client.request.duration', {
    description: 'Duration of requests to the service.',
    unit: 's',
    advice: { explicitBucketBoundaries: SECONDS },
  });
  const size = meter.createHistogram('http.client.request.body.size', {
    description: 'Size of the bodies of requests to the service.',
    unit: 'By',
  });
  const assignments = meter.createHistogram('ours_ingest.assignment.duration', {
    description:
      'Duration of assign calls, by reason and source. A reason of `fallback` means that the visitor saw no variant.',
    unit: 's',
    advice: { explicitBucketBoundaries: SECONDS },
  });
  const exposures = meter.createCounter('ours_ingest.exposures', {
    description: 'Exposures that the service recorded.',
    unit: '{exposure}',
  });
  const circuit = meter.createGauge('ours_ingest.circuit.state', {
    description: 'The circuit breaker of a client: 0 closed, 1 half-open, 2 open.',
  });
  const stops = [
    subscribe('ours-ingest:track', ({ kind }) => tracked.add(1, { kind })),
    subscribe('ours-ingest:settle', ({ kind, status, reason }) =>
      settled.add(1, reason === '' ? { kind, status } : { kind, status, reason }),
    ),
    subscribe('ours-ingest:retry', ({ events }) => released.add(events)),
    subscribe('ours-ingest:request', (message) => {
      const http = httpAttributes(message);
      duration.record(message.durationMs / 1000, http);
      size.record(message.bytes, http);
      if (message.events > 0) {
        sent.add(message.events, { ...messagingAttributes(message), ...failureAttributes(message) });
      }
    }),
    subscribe('ours-ingest:assign', ({ reason, source, durationMs }) =>
      assignments.record(durationMs / 1000, { reason, source }),
    ),
    subscribe('ours-ingest:exposure', ({ experimentKey }) => exposures.add(1, { experiment: experimentKey })),
    subscribe('ours-ingest:circuit', ({ client, state }) => circuit.record(CIRCUIT_VALUES[state], { client })),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}
