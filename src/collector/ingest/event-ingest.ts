import { createHash } from 'node:crypto';
import { callUser } from '../../core/user-call.js';
import { TEST_TOKEN_PREFIX } from '../../protocol/wire.js';
import type { RefusedRow } from '../insight.js';
import type { Arrival, ArrivedRow, EventStore } from '../store/event-store.js';

const MAX_REFUSED = 100;

/** What one request brings, row by row. */
export interface Delivery {
  take(row: ArrivedRow): void;
  /** The message names the field and never a value. */
  refuse(message: string): void;
}

/** The one way into the log, whichever route a row came by. */
export interface Intake {
  /** Takes what one request brought, all or nothing; whoever listens hears of it before this returns. */
  receive<Result>(token: string, work: (delivery: Delivery, receivedAt: number) => Result): Result;
  /** Tells of rows that were refused before they were read. */
  refuse(message: string): void;
  /** Forgets everything that came, refused rows as well; whoever listens hears of it before this returns. */
  clear(): void;
  /** Calls back with the numbers of rows that arrived, none where all were refused or the log was cleared; the returned function takes that back. */
  subscribe(listener: (numbers: readonly number[]) => void): () => void;
  /** The latest rows that were never stored, the newest first. */
  refused(): readonly RefusedRow[];
  /** When each token last brought a row that was accepted, in milliseconds since the epoch; since the collector started. */
  readonly tokensHeard: ReadonlyMap<string, number>;
}

export interface IntakeOptions {
  readonly store: EventStore;
  readonly now: () => number;
  readonly observe: ((arrival: Arrival) => void) | undefined;
}

export function createIntake({ store, now, observe }: IntakeOptions): Intake {
  const listeners = new Set<(numbers: readonly number[]) => void>();
  const tokensHeard = new Map<string, number>();
  let refused: RefusedRow[] = [];

  const tell = (arrivals: readonly Arrival[]): void => {
    for (const arrival of arrivals) callUser(() => observe?.(arrival));
    const unkept = arrivals.filter((arrival) => arrival.kind === 'refused');
    if (unkept.length > 0) refused = [...unkept.reverse(), ...refused].slice(0, MAX_REFUSED);
    const numbers = arrivals.flatMap((arrival) => (arrival.kind === 'refused' ? [] : (arrival.number ?? [])));
    if (arrivals.length > 0) for (const listener of listeners) listener(numbers);
  };

  return {
    receive(token, work) {
      const receivedAt = now();
      const from = { source: digestOf(token), isTest: token.startsWith(TEST_TOKEN_PREFIX) };
      const arrivals: Arrival[] = [];
      const result = store.together(() =>
        work(
          {
            take: (row) => void arrivals.push(store.append(row, receivedAt, from)),
            refuse: (message) => void arrivals.push({ kind: 'refused', message, receivedAt }),
          },
          receivedAt,
        ),
      );
      if (arrivals.some(({ kind }) => kind === 'accepted')) tokensHeard.set(token, receivedAt);
      tell(arrivals);
      return result;
    },
    refuse: (message) => tell([{ kind: 'refused', message, receivedAt: now() }]),
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

/** The data file may be shared, so it has no tokens. */
function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url').slice(0, 16);
}
