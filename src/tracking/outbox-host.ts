import type { DeliveryCounts } from './delivery-counts.js';

/** A client as an outbox sees it that others use as well. */
export interface OutboxHost {
  readonly counts: DeliveryCounts;
  /** Tells its entries from those of every other client, past and present. */
  readonly id: string;
  /** Whether it delivers. */
  readonly relays: boolean;
  /** How often it looks for what others have left or settled, in milliseconds. */
  readonly intervalMs: number;
  /** The outbox lost its contents while it held so many of the client's events. */
  readonly onLoss: (events: number) => void;
  /** Sends whatever is in the outbox. */
  readonly flushNow: () => void;
  /** Sends it soon, with what else comes. */
  readonly schedule: () => void;
}
