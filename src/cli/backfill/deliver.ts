import type { Client } from '../../client/types.js';
import type { Outcome, OutcomeInfo } from '../../core/outcome.js';
import { sleep } from '../../core/timers.js';
import type { TypedEvent } from '../typed-event.js';
import type { Examine } from './check-rows.js';
import type { Journal } from './journal.js';
import { OpenRows } from './open-rows.js';
import type { Position, Row, Source } from './source.js';

/** How long rows in flight may take after the command was stopped. */
const STOP_GRACE_MS = 5_000;

export interface DeliveryOptions {
  readonly source: Source;
  readonly examine: Examine;
  /** Knows where to start, and records the outcome of every row. */
  readonly journal: Journal;
  readonly openClient: OpenClient;
  /** The most events in flight. */
  readonly maxInFlight: number;
  /** Events per second; `undefined` for no limit. */
  readonly rate: number | undefined;
  readonly stop: AbortSignal;
}

/**
 * Sends the rows without an outcome. Resolves when all rows have one, or soon after `stop`; the next run sends the rest.
 */
export async function deliver(options: DeliveryOptions): Promise<void> {
  const { source, journal, stop } = options;
  const { row, bytes } = journal.checkpoint;
  const from = { row, bytes };
  const sender = new Sender({ ...options, from, record: (end, outcome) => journal.record(end, outcome) });
  const pace = createPace(options.rate, stop);
  let isRead = false;
  try {
    for await (const next of source.rows(from)) {
      await sender.room();
      await pace();
      if (stop.aborted) break;
      sender.send(next);
      await journal.saveWhenDue();
    }
    isRead = !stop.aborted;
    await sender.client.flush({ signal: stop });
  } catch (error) {
    if (!stop.aborted) throw error;
  } finally {
    await sender.client.close({ timeoutMs: STOP_GRACE_MS });
    await journal.save({ isDone: isRead && sender.isIdle });
  }
}

/** The clock of a pace, for tests. */
interface Timing {
  readonly now: () => number;
  readonly wait: (ms: number, stop: AbortSignal) => Promise<void>;
}

/** Waits until the next event may be sent. After a pause it catches up by at most one second. */
export function createPace(
  rate: number | undefined,
  stop: AbortSignal,
  { now, wait }: Timing = { now: () => performance.now(), wait: sleep },
): () => Promise<void> | undefined {
  if (rate === undefined) return () => undefined;
  let nextAt = now();
  return () => {
    const at = now();
    const waitMs = nextAt - at;
    nextAt = Math.max(nextAt, at - 1_000) + 1_000 / rate;
    return waitMs > 0 ? wait(waitMs, stop) : undefined;
  };
}

/** Bytes of the file that may be in flight. */
const MAX_BYTES_IN_FLIGHT = 32 * 1024 * 1024;
/** Rows with an outcome that may wait for an earlier, slow row. */
const MAX_WAITING_ROWS = 100_000;

/** Creates the client. The callback receives every outcome. */
export type OpenClient = (onOutcome: (outcome: Outcome, info: OutcomeInfo) => void) => Client;

interface SenderOptions {
  readonly openClient: OpenClient;
  readonly examine: Examine;
  readonly from: Position;
  /** Called with the outcome of every row, in the order of the file. */
  readonly record: (end: Position, outcome: Outcome) => void;
  readonly maxInFlight: number;
  readonly stop: AbortSignal;
}

/** Sends rows by a client, within the limits above, and matches outcomes to rows. */
class Sender {
  readonly client: Client;
  readonly #options: SenderOptions;
  readonly #rows: OpenRows;
  /** The outcome of an event that the client settles during the call. */
  #settledAtCall: Outcome | undefined;
  #wake: () => void = () => undefined;

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#rows = new OpenRows(options.from, options.record);
    options.stop.addEventListener('abort', () => this.#wake());
    this.client = options.openClient((outcome, { distinctId }) => this.#settle(distinctId, outcome));
  }

  /** Whether every row has been recorded. */
  get isIdle(): boolean {
    return this.#rows.size === 0;
  }

  /** Resolves when another row may be sent, or the command was stopped. */
  async room(): Promise<void> {
    while (!this.#hasRoom && !this.#options.stop.aborted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  send({ event, end }: Row): void {
    const row = this.#rows.open(end);
    const examined = this.#options.examine(event);
    if ('status' in examined) {
      this.#rows.settle(row, examined);
      return;
    }
    this.#settledAtCall = undefined;
    const distinctId = this.#track(examined);
    if (this.#settledAtCall === undefined) this.#rows.sent(row, distinctId);
    else this.#rows.settle(row, this.#settledAtCall);
  }

  get #hasRoom(): boolean {
    const { inFlightCount, inFlightBytes, size } = this.#rows;
    return inFlightCount < this.#options.maxInFlight && inFlightBytes < MAX_BYTES_IN_FLIGHT && size < MAX_WAITING_ROWS;
  }

  #track(event: TypedEvent): string {
    const { distinctId } = event.kind === 'track' ? this.client.track(event.input) : this.client.identify(event.input);
    return distinctId;
  }

  #settle(distinctId: string, outcome: Outcome): void {
    const row = this.#rows.take(distinctId);
    if (row === undefined) this.#settledAtCall = outcome;
    else this.#rows.settle(row, outcome);
    this.#wake();
  }
}
