import type { Outcome } from '../../core/outcome.js';
import { createQueue } from '../../outbox/queue.js';
import type { Position } from './source.js';

/** A row that has been read and is not noted yet. */
export interface OpenRow {
  readonly end: Position;
  readonly bytes: number;
  outcome: Outcome | undefined;
}

/** Rows between reading and noting: handed to the client and without an outcome, or with one and behind such a row. */
export class OpenRows {
  readonly #note: (end: Position, outcome: Outcome) => void;
  /** In the order of the file. */
  readonly #queue = createQueue<OpenRow>();
  /** Rows the client has, by their event's id, which several may share. */
  readonly #underWay = new Map<string, OpenRow[]>();
  #lastEnd: number;
  underWayCount = 0;
  underWayBytes = 0;

  constructor(from: Position, note: (end: Position, outcome: Outcome) => void) {
    this.#lastEnd = from.bytes;
    this.#note = note;
  }

  /** Rows that are kept in memory. */
  get size(): number {
    return this.#queue.size;
  }

  open(end: Position): OpenRow {
    const row = { end, bytes: end.bytes - this.#lastEnd, outcome: undefined };
    this.#lastEnd = end.bytes;
    this.#queue.push(row);
    return row;
  }

  /** The client has the row, and will tell its outcome by this id. */
  handOver(row: OpenRow, distinctId: string): void {
    this.underWayCount += 1;
    this.underWayBytes += row.bytes;
    const namesakes = this.#underWay.get(distinctId);
    if (namesakes === undefined) this.#underWay.set(distinctId, [row]);
    else namesakes.push(row);
  }

  /** The row whose outcome the client tells; `undefined` when it has none by that id. */
  takeBack(distinctId: string): OpenRow | undefined {
    const namesakes = this.#underWay.get(distinctId);
    const row = namesakes?.shift();
    if (row === undefined) return undefined;
    if (namesakes?.length === 0) this.#underWay.delete(distinctId);
    this.underWayCount -= 1;
    this.underWayBytes -= row.bytes;
    return row;
  }

  /** Gives a row its outcome, and notes all those that no row without one lies before. */
  settle(row: OpenRow, outcome: Outcome): void {
    row.outcome = outcome;
    for (let head = this.#queue.peek(); head?.outcome !== undefined; head = this.#queue.peek()) {
      this.#queue.shift();
      this.#note(head.end, head.outcome);
    }
  }
}
