import type { WarnOnce } from '../core/logger.js';
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
  readonly token: string;
  readonly warnings: WarnOnce;
  /** Sends everything in the outbox now. */
  readonly flushNow: () => void;
  /** Sends it soon, with whatever else arrives. */
  readonly schedule: () => void;
}
