import type { DeliveryCounts } from './delivery-counts.js';

/** What the tracker of a durable outbox uses of its client. */
export interface OutboxHost {
  readonly counts: DeliveryCounts;
  /** Distinguishes its entries from those of every other client, past and present. */
  readonly id: string;
  /** Whether it delivers. */
  readonly relays: boolean;
  /** How often to poll the outbox, in milliseconds. */
  readonly intervalMs: number;
  /** The outbox lost its contents while it held this many of the client's events. */
  readonly onLoss: (events: number) => void;
  /** Sends everything in the outbox now. */
  readonly flushNow: () => void;
  /** Sends it soon, with whatever else arrives. */
  readonly schedule: () => void;
}
