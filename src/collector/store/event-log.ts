import type { WireTrack } from '../../protocol/wire.js';

/** A row as the collector keeps it: what was sent, when it happened and when it came. */
export interface CollectedEvent extends WireTrack {
  /** Milliseconds since the epoch; the time of receipt when the sender named none. */
  readonly time: number;
  /** Milliseconds since the epoch by the collector's clock. */
  readonly receivedAt: number;
}

/** What became of a row that reached the collector. */
export type Arrival =
  | {
      readonly kind: 'accepted';
      readonly event: CollectedEvent /** Its place in `events()`. */;
      readonly index: number;
    }
  | { readonly kind: 'duplicate'; readonly event: CollectedEvent }
  /** Never stored; the message names the field and never a value. */
  | { readonly kind: 'refused'; readonly message: string };

/** Every accepted row in the order of arrival, each `distinctId` once. */
export interface EventLog {
  readonly events: readonly CollectedEvent[];
  readonly duplicates: number;
  /** Keeps a row, unless one of its `distinctId` is there already: the first wins. */
  append(row: WireTrack, receivedAt: number): void;
  refuse(message: string): void;
}

/** An {@link EventLog} in memory; `observe` hears of every row after it was dealt with. */
export function createEventLog(observe: ((arrival: Arrival) => void) | undefined): EventLog {
  const events: CollectedEvent[] = [];
  const seen = new Set<string>();
  let duplicates = 0;

  return {
    events,
    get duplicates() {
      return duplicates;
    },
    append(row, receivedAt) {
      const event = { ...row, time: row.time ?? receivedAt, receivedAt };
      if (row.distinctId !== undefined && seen.has(row.distinctId)) {
        duplicates += 1;
        observe?.({ kind: 'duplicate', event });
        return;
      }
      if (row.distinctId !== undefined) seen.add(row.distinctId);
      const index = events.push(event) - 1;
      observe?.({ kind: 'accepted', event, index });
    },
    refuse(message) {
      observe?.({ kind: 'refused', message });
    },
  };
}
