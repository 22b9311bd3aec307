import { channel } from 'node:diagnostics_channel';
import { type Outcome, reasonOf } from '../core/outcome.js';
import type { CircuitState, Observer, RequestReport } from './observer.js';

/** What each channel's messages hold: names, counts, ids and durations; never properties or persons. */
export interface ChannelMessages {
  /** `track` or `identify` accepted an event. A subscriber may set `trace`, which is kept with the event, also in an outbox. */
  'ours-ingest:track': {
    readonly client: string;
    readonly kind: 'track' | 'identify';
    readonly event: string;
    readonly distinctId: string;
    readonly bytes: number;
    /** A W3C `traceparent`. */
    trace: string | undefined;
  };
  /** The outbox has stored events. */
  'ours-ingest:append': { readonly client: string; readonly events: number };
  /** A request to the service has ended. */
  'ours-ingest:request': RequestReport & { readonly client: string; readonly host: string };
  /** Events went back to the outbox to be sent again. */
  'ours-ingest:retry': { readonly client: string; readonly events: number; readonly delayMs: number };
  /** An event has an outcome. `reason` is its code or reason, `''` for a delivered event. */
  'ours-ingest:settle': {
    readonly client: string;
    readonly kind: 'track' | 'identify';
    readonly event: string;
    readonly distinctId: string;
    readonly status: Outcome['status'];
    readonly reason: ReturnType<typeof reasonOf>;
  };
  /** The circuit breaker has changed its state. */
  'ours-ingest:circuit': { readonly client: string; readonly state: CircuitState; readonly waitMs: number };
  /** An `assign` call has ended. */
  'ours-ingest:assign': AssignMessage;
  /** The service recorded an exposure. */
  'ours-ingest:exposure': {
    readonly client: string;
    readonly experimentKey: string;
    readonly variantName: string;
  };
}

type AssignMessage = Parameters<Observer['assigned']>[0] & { readonly client: string };

const CHANNELS = {
  track: channel('ours-ingest:track'),
  append: channel('ours-ingest:append'),
  request: channel('ours-ingest:request'),
  retry: channel('ours-ingest:retry'),
  settle: channel('ours-ingest:settle'),
  circuit: channel('ours-ingest:circuit'),
  assign: channel('ours-ingest:assign'),
  exposure: channel('ours-ingest:exposure'),
};

/** Publishes a client's work on `node:diagnostics_channel`. Without a subscriber, each step costs one comparison. */
export function createChannels(client: string, host: string): Observer {
  const { track, append, request, retry, settle, circuit, assign, exposure } = CHANNELS;
  return {
    tracked(entry) {
      if (!track.hasSubscribers) return;
      const { kind, event, distinctId, body } = entry;
      const message: ChannelMessages['ours-ingest:track'] = {
        client,
        kind,
        event,
        distinctId,
        bytes: body.length,
        trace: undefined,
      };
      track.publish(message);
      if (typeof message.trace === 'string') entry.trace = message.trace;
    },
    stored(events) {
      if (append.hasSubscribers) append.publish({ client, events });
    },
    requested(report) {
      if (request.hasSubscribers) request.publish({ client, host, ...report });
    },
    released(events, delayMs) {
      if (retry.hasSubscribers) retry.publish({ client, events, delayMs });
    },
    settled(outcome, { kind, event, distinctId }) {
      if (!settle.hasSubscribers) return;
      settle.publish({ client, kind, event, distinctId, status: outcome.status, reason: reasonOf(outcome) });
    },
    circuit(state, waitMs) {
      if (circuit.hasSubscribers) circuit.publish({ client, state, waitMs });
    },
    assigned(report) {
      if (assign.hasSubscribers) assign.publish({ client, ...report });
    },
    exposed(experimentKey, variantName) {
      if (exposure.hasSubscribers) exposure.publish({ client, experimentKey, variantName });
    },
  };
}
