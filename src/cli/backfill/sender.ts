import type { Client } from '../../client/types.js';
import type { Outcome, OutcomeInfo } from '../../core/outcome.js';
import type { TypedEvent } from '../typed-event.js';
import type { Examine } from './examine.js';
import { OpenRows } from './open-rows.js';
import type { Position, Row } from './source.js';

/** Bytes of the file that may be under way at once. */
const MAX_BYTES_UNDER_WAY = 32 * 1024 * 1024;
/** Rows that may wait to be noted behind one that is slow. */
const MAX_ROWS_BEHIND = 100_000;

/** Makes the client, which tells how every event ended. */
export type OpenClient = (onOutcome: (outcome: Outcome, info: OutcomeInfo) => void) => Client;

export interface SenderOptions {
  readonly openClient: OpenClient;
  readonly examine: Examine;
  readonly from: Position;
  /** Hears of every row, in the order of the file. */
  readonly note: (end: Position, outcome: Outcome) => void;
  /** Events the client may have at once. */
  readonly maxUnderWay: number;
  readonly stop: AbortSignal;
}

/** Gives rows to a client, no more than it can have at once, and knows which outcome is which row's. */
export class Sender {
  readonly client: Client;
  readonly #options: SenderOptions;
  readonly #rows: OpenRows;
  /** An outcome of the event that is just being given to the client. */
  #endedAtCall: Outcome | undefined;
  #wake: () => void = () => undefined;

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#rows = new OpenRows(options.from, options.note);
    options.stop.addEventListener('abort', () => this.#wake());
    this.client = options.openClient((outcome, { distinctId }) => this.#hear(distinctId, outcome));
  }

  /** Whether every row has been noted. */
  get isIdle(): boolean {
    return this.#rows.size === 0;
  }

  /** Resolves when there is room for a row, or the command shall stop. */
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
    this.#endedAtCall = undefined;
    const distinctId = this.#give(examined);
    if (this.#endedAtCall === undefined) this.#rows.handOver(row, distinctId);
    else this.#rows.settle(row, this.#endedAtCall);
  }

  get #hasRoom(): boolean {
    const { underWayCount, underWayBytes, size } = this.#rows;
    return underWayCount < this.#options.maxUnderWay && underWayBytes < MAX_BYTES_UNDER_WAY && size < MAX_ROWS_BEHIND;
  }

  #give(event: TypedEvent): string {
    const { distinctId } = event.kind === 'track' ? this.client.track(event.input) : this.client.identify(event.input);
    return distinctId;
  }

  #hear(distinctId: string, outcome: Outcome): void {
    const row = this.#rows.takeBack(distinctId);
    if (row === undefined) this.#endedAtCall = outcome;
    else this.#rows.settle(row, outcome);
    this.#wake();
  }
}
