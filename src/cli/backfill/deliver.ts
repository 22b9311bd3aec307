import { sleep } from '../../core/timers.js';
import type { Examine } from './examine.js';
import type { Journal } from './journal.js';
import { type OpenClient, Sender } from './sender.js';
import type { Source } from './source.js';

/** How long rows under way may take once the command shall end. */
const STOP_GRACE_MS = 5_000;

export interface DeliveryOptions {
  readonly source: Source;
  readonly examine: Examine;
  /** Says where to begin, and notes what became of every row. */
  readonly journal: Journal;
  readonly openClient: OpenClient;
  /** Events the client may have at once. */
  readonly maxUnderWay: number;
  /** Events a second; `undefined` is as many as the service takes. */
  readonly rate: number | undefined;
  readonly stop: AbortSignal;
}

/**
 * Sends the rows that have no outcome yet, as fast as the outcomes of others come in. Resolves when all have one, or soon after
 * `stop`; what has none then is sent by the next run.
 */
export async function deliver(options: DeliveryOptions): Promise<void> {
  const { source, journal, stop } = options;
  const { row, bytes } = journal.checkpoint;
  const from = { row, bytes };
  const sender = new Sender({ ...options, from, note: (end, outcome) => journal.note(end, outcome) });
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

/** Waits until the next event may go. After a pause it catches up by no more than a second's worth. */
function createPace(rate: number | undefined, stop: AbortSignal): () => Promise<void> | undefined {
  if (rate === undefined) return () => undefined;
  let nextAt = performance.now();
  return () => {
    const now = performance.now();
    const waitMs = nextAt - now;
    nextAt = Math.max(nextAt, now - 1_000) + 1_000 / rate;
    return waitMs > 0 ? sleep(waitMs, stop) : undefined;
  };
}
