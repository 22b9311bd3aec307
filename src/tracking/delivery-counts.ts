import type { Outcome } from '../core/outcome.js';
import type { Hold } from '../core/timers.js';
import { type WaitOptions, waitFor } from './waiting.js';

/**
 * Events by outcome, since the client was created. `pending` events have no outcome that this client knows: they are waiting,
 * or another process that shares the outbox has taken them.
 */
export interface Totals {
  readonly delivered: number;
  readonly pending: number;
  readonly rejected: number;
  readonly dropped: number;
  /** Events that may or may not have been delivered: the outbox did not confirm them, or lost its contents. */
  readonly unknown: number;
}

/** Counts a client's events, gives each a sequence number, and lets callers wait until all events so far are closed. */
export interface DeliveryCounts {
  readonly isEnded: boolean;
  /** Events this client is waiting for. */
  readonly openCount: number;
  /** Events it no longer waits for. */
  readonly closedCount: number;
  readonly hold: Hold;
  readonly totals: Totals;
  /** Opens an event and returns its sequence number. */
  open(): number;
  /** Counts an event that was never opened. */
  count(outcome: Outcome): void;
  close(sequence: number, outcome: Outcome): void;
  /** Counts the outcome of an event that was closed as `unknown`. */
  resolveUnknown(outcome: Outcome): void;
  /** Closes an event whose outcome only another process will know. It stays counted as pending. */
  closeElsewhere(sequence: number): void;
  /** Counts the outcome of an event that was closed so, after all. */
  resolveElsewhere(outcome: Outcome): void;
  /** Resolves when every event opened before this call is closed, or at the end. @throws as {@link waitFor} */
  barrier(options?: WaitOptions): Promise<void>;
  /** Wakes every waiting caller. Open events stay counted as pending. */
  end(): void;
}

/** Callers that wait for the same events: all events opened up to a sequence number. */
interface Barrier {
  readonly upTo: number;
  /** Its open events that no earlier barrier waits for. */
  missing: number;
  readonly waiters: Set<() => void>;
}

/** @param hold for waits without a timeout */
export function createDeliveryCounts(hold: Hold = (wait) => wait): DeliveryCounts {
  const counts = { delivered: 0, rejected: 0, dropped: 0, unknown: 0 };
  const barriers: Barrier[] = [];
  let sequence = 0;
  let open = 0;
  let elsewhere = 0;
  let isEnded = false;

  /** The barrier that waits for every open event. */
  function lastBarrier(): Barrier {
    const last = barriers.at(-1);
    if (last?.upTo === sequence) return last;
    const missing = barriers.reduce((rest, barrier) => rest - barrier.missing, open);
    const barrier: Barrier = { upTo: sequence, missing, waiters: new Set() };
    barriers.push(barrier);
    return barrier;
  }

  function shut(closed: number): void {
    open -= 1;
    if (barriers.length === 0) return;
    const barrier = barriers[firstBarrierFor(barriers, closed)];
    if (barrier === undefined) return;
    barrier.missing -= 1;
    while (barriers[0]?.missing === 0) wakeAll(barriers.shift()!);
  }

  /** Removes a barrier without waiters; the next barrier takes over its open events. */
  function remove(barrier: Barrier): void {
    const index = barriers.indexOf(barrier);
    if (index < 0) return;
    barriers.splice(index, 1);
    const next = barriers[index];
    if (next !== undefined) next.missing += barrier.missing;
  }

  return {
    get isEnded() {
      return isEnded;
    },
    get openCount() {
      return open;
    },
    get closedCount() {
      return sequence - open;
    },
    hold,
    get totals() {
      return { ...counts, pending: open + elsewhere };
    },
    open() {
      open += 1;
      sequence += 1;
      return sequence;
    },
    count(outcome) {
      counts[outcome.status] += 1;
    },
    close(closed, outcome) {
      counts[outcome.status] += 1;
      shut(closed);
    },
    resolveUnknown(outcome) {
      counts.unknown -= 1;
      counts[outcome.status] += 1;
    },
    closeElsewhere(closed) {
      elsewhere += 1;
      shut(closed);
    },
    resolveElsewhere(outcome) {
      elsewhere -= 1;
      counts[outcome.status] += 1;
    },
    async barrier(options) {
      if (isEnded || open === 0) return;
      const barrier = lastBarrier();
      await waitFor(
        (wake) => {
          barrier.waiters.add(wake);
          return () => {
            barrier.waiters.delete(wake);
            if (barrier.waiters.size === 0) remove(barrier);
          };
        },
        options,
        'not everything has an outcome',
        hold,
      );
    },
    end() {
      isEnded = true;
      for (const barrier of barriers.splice(0)) wakeAll(barrier);
    },
  };
}

function wakeAll({ waiters }: Barrier): void {
  for (const wake of waiters) wake();
}

/** Index of the first barrier that waits for an event, by binary search: an outage may leave many barriers. */
export function firstBarrierFor(barriers: readonly Pick<Barrier, 'upTo'>[], event: number): number {
  let low = 0;
  let high = barriers.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (barriers[middle]!.upTo < event) low = middle + 1;
    else high = middle;
  }
  return low;
}
