import type { Outcome } from '../../core/outcome.js';
import { createQueue } from '../../outbox/queue.js';
import type { Position } from './source.js';

/** A row that was read but not recorded yet. */
export interface OpenRow {
  readonly end: Position;
  readonly bytes: number;
  outcome: Outcome | undefined;
}

/** Rows between reading and recording: in flight, or with an outcome and waiting for an earlier row. */
export class OpenRows {
  readonly #record: (end: Position, outcome: Outcome) => void;
  /** In the order of the file. */
  readonly #queue = createQueue<OpenRow>();
  /** Rows in flight, by the id of their event, which several may share. */
  readonly #inFlight = new Map<string, OpenRow[]>();
  #lastEnd: number;
  inFlightCount = 0;
  inFlightBytes = 0;

  constructor(from: Position, record: (end: Position, outcome: Outcome) => void) {
    this.#lastEnd = from.bytes;
    this.#record = record;
  }

  /** The number of rows in memory. */
  get size(): number {
    return this.#queue.size;
  }

  open(end: Position): OpenRow {
    const row = { end, bytes: end.bytes - this.#lastEnd, outcome: undefined };
    this.#lastEnd = end.bytes;
    this.#queue.push(row);
    return row;
  }

  /** The row is in flight, under the id of its event. */
  sent(row: OpenRow, distinctId: string): void {
    this.inFlightCount += 1;
    this.inFlightBytes += row.bytes;
    const rows = this.#inFlight.get(distinctId);
    if (rows === undefined) this.#inFlight.set(distinctId, [row]);
    else rows.push(row);
  }

  /** Removes and returns the oldest row in flight with this id; `undefined` if there is none. */
  take(distinctId: string): OpenRow | undefined {
    const rows = this.#inFlight.get(distinctId);
    const row = rows?.shift();
    if (row === undefined) return undefined;
    if (rows?.length === 0) this.#inFlight.delete(distinctId);
    this.inFlightCount -= 1;
    this.inFlightBytes -= row.bytes;
    return row;
  }

  /** Sets the outcome of a row, and records all rows at the front that have one. */
  settle(row: OpenRow, outcome: Outcome): void {
    row.outcome = outcome;
    for (let head = this.#queue.peek(); head?.outcome !== undefined; head = this.#queue.peek()) {
      this.#queue.shift();
      this.#record(head.end, head.outcome);
    }
  }
}
