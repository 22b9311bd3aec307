import { createHash } from 'node:crypto';
import { callUser } from '../../core/user-call.js';
import { TEST_TOKEN_PREFIX } from '../../protocol/wire.js';
import type { Arrival, ArrivedRow, RefusedRow } from '../store/collected-event.js';
import type { EventStore } from '../store/event-store.js';

const MAX_REFUSED = 100;

/** Receives the rows of one request. */
export interface Delivery {
  accept(row: ArrivedRow): void;
  /** The message names the field and never a value. */
  refuse(message: string): void;
}

/** The only way into the log, for every route. */
export interface EventIngest {
  /** Stores the rows of one request, all or none. Listeners are called before it returns. */
  receive<Result>(token: string, work: (delivery: Delivery, receivedAt: number) => Result): Result;
  /** Records a refusal of rows that were not read. */
  refuse(message: string): void;
  /** Deletes the log and the refused rows. Listeners are called before it returns. */
  clear(): void;
  /**
   * Calls the listener with the numbers of rows that arrived, with none when all were refused or the log was cleared. Returns
   * the function that unsubscribes.
   */
  subscribe(listener: (numbers: readonly number[]) => void): () => void;
  /** The latest rows that were refused, the newest first. */
  refused(): readonly RefusedRow[];
  /** When each token last sent an accepted row since the collector started, in milliseconds since the epoch. */
  readonly tokensHeard: ReadonlyMap<string, number>;
}

export interface EventIngestOptions {
  readonly store: EventStore;
  readonly now: () => number;
  readonly observe: ((arrival: Arrival) => void) | undefined;
}

export function createEventIngest({ store, now, observe }: EventIngestOptions): EventIngest {
  const listeners = new Set<(numbers: readonly number[]) => void>();
  const tokensHeard = new Map<string, number>();
  let refused: RefusedRow[] = [];

  const publish = (arrivals: readonly Arrival[]): void => {
    for (const arrival of arrivals) callUser(() => observe?.(arrival));
    const newlyRefused = arrivals.filter((arrival) => arrival.kind === 'refused');
    if (newlyRefused.length > 0) refused = [...newlyRefused.reverse(), ...refused].slice(0, MAX_REFUSED);
    const numbers = arrivals.flatMap((arrival) => (arrival.kind === 'refused' ? [] : (arrival.number ?? [])));
    if (arrivals.length > 0) for (const listener of listeners) listener(numbers);
  };

  return {
    receive(token, work) {
      const receivedAt = now();
      const from = { source: digestOf(token), isTest: token.startsWith(TEST_TOKEN_PREFIX) };
      const rows: ArrivedRow[] = [];
      // Keeps the place of every row: `undefined` for those that were accepted.
      const refusals: (Arrival | undefined)[] = [];
      const delivery: Delivery = {
        accept(row) {
          rows.push(row);
          refusals.push(undefined);
        },
        refuse: (message) => void refusals.push({ kind: 'refused', message, receivedAt }),
      };
      const result = work(delivery, receivedAt);
      const stored = store.append(rows, receivedAt, from).values();
      const arrivals = refusals.map((refusal) => refusal ?? stored.next().value!);
      if (arrivals.some(({ kind }) => kind === 'accepted')) tokensHeard.set(token, receivedAt);
      publish(arrivals);
      return result;
    },
    refuse: (message) => publish([{ kind: 'refused', message, receivedAt: now() }]),
    clear() {
      store.clear();
      refused = [];
      tokensHeard.clear();
      for (const listener of listeners) listener([]);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    refused: () => refused,
    tokensHeard,
  };
}

/** Tokens are not stored, because the data file may be shared. */
function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url').slice(0, 16);
}
