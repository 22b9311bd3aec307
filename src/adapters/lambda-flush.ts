import { OursError } from '../core/errors.js';
import { createWarnOnce, guardLogger } from '../core/logger.js';
import type { WaitUntil } from '../runtime/wait-until.js';
import type { AdapterOptions } from './visitor-options.js';

/** What is needed of a Lambda context. */
export interface LambdaContext {
  getRemainingTimeInMillis?(): number;
}

/** How long an answer may wait for the events it is about. */
export interface LambdaFlushOptions {
  /**
   * The longest an answer waits for events to be delivered, in milliseconds; never longer than the invocation has left. Only
   * an outage uses it up.
   * @default 2000
   */
  readonly flushTimeoutMs?: number | undefined;
}

/** What the answer itself needs of the invocation's remaining time. */
const ANSWER_MS = 250;
const MAX_TIMEOUT_MS = 900_000; // Lambda's own

/** The client need not warn of a host that freezes: the invocation flushes before it answers. */
export const flushedBeforeAnswer: WaitUntil = () => undefined;

/**
 * Delivers what is open, as far as the time allows; never throws.
 * @throws {OursError} `invalid_option`, at set-up
 */
export function createFlush(
  ours: { flush(options: { readonly signal: AbortSignal }): Promise<unknown> },
  { flushTimeoutMs = 2_000, logger = console }: LambdaFlushOptions & AdapterOptions<never>,
): (context: LambdaContext | undefined) => Promise<void> {
  if (!Number.isInteger(flushTimeoutMs) || flushTimeoutMs < 0 || flushTimeoutMs > MAX_TIMEOUT_MS) {
    throw new OursError('invalid_option', `flushTimeoutMs must be a whole number from 0 to ${MAX_TIMEOUT_MS}.`);
  }
  const warnings = createWarnOnce(guardLogger(logger), () => performance.now());
  return async (context) => {
    try {
      const leftMs = (context?.getRemainingTimeInMillis?.() ?? Number.POSITIVE_INFINITY) - ANSWER_MS;
      await ours.flush({ signal: AbortSignal.timeout(Math.max(0, Math.min(flushTimeoutMs, leftMs))) });
    } catch {
      warnings.throttled(
        'flush',
        'the function answers before its events are out: they go with the next invocation, or are lost if there is none. If the service is up, raise flushTimeoutMs; a durable outbox keeps them in any case.',
      );
    }
  };
}
