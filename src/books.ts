import type { Outcome } from './outcome.js';
import { waitFor } from './receipt.js';

/**
 * How many events ended how, since the client was created. `pending` ones have no outcome that is known here: they wait, or
 * another process that shares the outbox has taken them.
 */
export interface Totals {
  readonly delivered: number;
  readonly pending: number;
  readonly rejected: number;
  readonly dropped: number;
}

/** Those who wait for the same events: all that were opened up to a number. */
interface Barrier {
  readonly upTo: number;
  /** Open events of it that no barrier before it waits for. */
  missing: number;
  readonly waiters: Set<() => void>;
}

/** Counts a client's events by the number each gets when it is opened, and lets callers wait until all so far are closed. */
export class Books {
  readonly #counts = { delivered: 0, rejected: 0, dropped: 0 };
  #barriers: Barrier[] = [];
  #order = 0;
  #open = 0;
  #elsewhere = 0;
  #isEnded = false;

  get isEnded(): boolean {
    return this.#isEnded;
  }

  get openCount(): number {
    return this.#open;
  }

  get totals(): Totals {
    return { ...this.#counts, pending: this.#open + this.#elsewhere };
  }

  /** Opens an event; returns its number. */
  open(): number {
    this.#open += 1;
    this.#order += 1;
    return this.#order;
  }

  /** Counts an event that was never open. */
  count(outcome: Outcome): void {
    this.#counts[outcome.status] += 1;
  }

  close(order: number, outcome: Outcome): void {
    this.#counts[outcome.status] += 1;
    this.#shut(order);
  }

  /** Closes an event whose outcome some other process knows. */
  handOver(order: number): void {
    this.#elsewhere += 1;
    this.#shut(order);
  }

  /** Resolves when every event opened before this call is closed, or at the end. @throws the reason of the first signal that aborts */
  async barrier(signals: readonly AbortSignal[] = []): Promise<void> {
    if (this.#isEnded || this.#open === 0) return;
    const barrier = this.#lastBarrier();
    await waitFor((wake) => {
      barrier.waiters.add(wake);
      return () => {
        barrier.waiters.delete(wake);
        if (barrier.waiters.size === 0) this.#remove(barrier);
      };
    }, signals);
  }

  /** Lets go whoever waits. The open events stay counted as pending. */
  end(): void {
    this.#isEnded = true;
    for (const barrier of this.#barriers.splice(0)) wakeAll(barrier);
  }

  /** The barrier behind everything that is open. */
  #lastBarrier(): Barrier {
    const last = this.#barriers.at(-1);
    if (last?.upTo === this.#order) return last;
    const missing = this.#barriers.reduce((rest, barrier) => rest - barrier.missing, this.#open);
    const barrier: Barrier = { upTo: this.#order, missing, waiters: new Set() };
    this.#barriers.push(barrier);
    return barrier;
  }

  #shut(order: number): void {
    this.#open -= 1;
    if (this.#barriers.length === 0) return;
    const barrier = this.#barriers[this.#indexOf(order)];
    if (barrier === undefined) return;
    barrier.missing -= 1;
    while (this.#barriers[0]?.missing === 0) wakeAll(this.#barriers.shift()!);
  }

  /** Nobody waits at it any longer: what it waited for is the next one's. */
  #remove(barrier: Barrier): void {
    const index = this.#barriers.indexOf(barrier);
    if (index < 0) return;
    this.#barriers.splice(index, 1);
    const next = this.#barriers[index];
    if (next !== undefined) next.missing += barrier.missing;
  }

  /** Where the first barrier stands that waits for an event. There may be many after an outage, so it is not looked for one by one. */
  #indexOf(order: number): number {
    let low = 0;
    let high = this.#barriers.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#barriers[middle]!.upTo < order) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function wakeAll({ waiters }: Barrier): void {
  for (const wake of waiters) wake();
}
