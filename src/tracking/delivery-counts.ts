import type { Outcome } from '../core/outcome.js';
import { type WaitOptions, waitFor } from './waiting.js';

/**
 * How many events ended how, since the client was created. `pending` ones have no outcome that is known here: they wait, or
 * another process that shares the outbox has taken them.
 */
export interface Totals {
  readonly delivered: number;
  readonly pending: number;
  readonly rejected: number;
  readonly dropped: number;
  /** Events that may or may not be delivered: the outbox did not confirm them, or lost its contents. */
  readonly unknown: number;
}

/** Counts a client's events by the number each gets when it is opened, and lets callers wait until all so far are closed. */
export interface DeliveryCounts {
  readonly isEnded: boolean;
  /** Events whose outcome this client is waiting for. */
  readonly openCount: number;
  readonly totals: Totals;
  /** Opens an event; returns its number. */
  open(): number;
  /** Counts an event that was never open. */
  count(outcome: Outcome): void;
  close(order: number, outcome: Outcome): void;
  /** Counts the outcome of an event that was closed as `unknown`. */
  resolveUnknown(outcome: Outcome): void;
  /** Closes an event whose outcome some other process knows. */
  handOver(order: number): void;
  /** Resolves when every event opened before this call is closed, or at the end. @throws as {@link waitFor} */
  barrier(options?: WaitOptions): Promise<void>;
  /** Lets go whoever waits. The open events stay counted as pending. */
  end(): void;
}

/** Those who wait for the same events: all that were opened up to a number. */
interface Barrier {
  readonly upTo: number;
  /** Open events of it that no barrier before it waits for. */
  missing: number;
  readonly waiters: Set<() => void>;
}

export function createDeliveryCounts(): DeliveryCounts {
  const counts = { delivered: 0, rejected: 0, dropped: 0, unknown: 0 };
  const barriers: Barrier[] = [];
  let order = 0;
  let open = 0;
  let elsewhere = 0;
  let isEnded = false;

  /** The barrier behind everything that is open. */
  function lastBarrier(): Barrier {
    const last = barriers.at(-1);
    if (last?.upTo === order) return last;
    const missing = barriers.reduce((rest, barrier) => rest - barrier.missing, open);
    const barrier: Barrier = { upTo: order, missing, waiters: new Set() };
    barriers.push(barrier);
    return barrier;
  }

  function shut(closed: number): void {
    open -= 1;
    const barrier = barriers[indexOf(closed)];
    if (barrier === undefined) return;
    barrier.missing -= 1;
    while (barriers[0]?.missing === 0) wakeAll(barriers.shift()!);
  }

  /** Nobody waits at it any longer: what it waited for is the next one's. */
  function remove(barrier: Barrier): void {
    const index = barriers.indexOf(barrier);
    if (index < 0) return;
    barriers.splice(index, 1);
    const next = barriers[index];
    if (next !== undefined) next.missing += barrier.missing;
  }

  /** Where the first barrier stands that waits for an event. There may be many after an outage, so it is not looked for one by one. */
  function indexOf(event: number): number {
    let low = 0;
    let high = barriers.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (barriers[middle]!.upTo < event) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  return {
    get isEnded() {
      return isEnded;
    },
    get openCount() {
      return open;
    },
    get totals() {
      return { ...counts, pending: open + elsewhere };
    },
    open() {
      open += 1;
      order += 1;
      return order;
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
    handOver(closed) {
      elsewhere += 1;
      shut(closed);
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
