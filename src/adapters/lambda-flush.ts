import { failOption } from '../core/check-option.js';
import { createWarnOnce, guardLogger } from '../core/logger.js';
import type { WaitUntil } from '../runtime/wait-until.js';
import type { AdapterOptions } from './visitor-options.js';

/** The part of a Lambda context that the adapter uses. */
export interface LambdaContext {
  getRemainingTimeInMillis?(): number;
}

/** How long an answer waits for its events. */
export interface LambdaFlushOptions {
  /**
   * How long an answer waits for its events to be delivered, in milliseconds; never longer than the invocation has left. Only an
   * outage uses all of it.
   * @default 2000
   */
  readonly flushTimeoutMs?: number | undefined;
}

/** Reserved for the answer itself. */
const ANSWER_MS = 250;
const MAX_TIMEOUT_MS = 900_000; // Lambda's own

/** The client need not warn about a serverless host: the invocation flushes before it answers. */
export const flushedBeforeAnswer: WaitUntil = () => undefined;

/**
 * Delivers open events within the remaining time; never throws.
 * @throws {OursError} `invalid_option`, at set-up
 */
export function createFlush(
  ours: { flush(options: { readonly signal: AbortSignal }): Promise<unknown> },
  { flushTimeoutMs = 2_000, logger = console }: LambdaFlushOptions & AdapterOptions<never>,
): (context: LambdaContext | undefined) => Promise<void> {
  if (!Number.isInteger(flushTimeoutMs) || flushTimeoutMs < 0 || flushTimeoutMs > MAX_TIMEOUT_MS) {
    failOption(`flushTimeoutMs must be an integer from 0 to ${MAX_TIMEOUT_MS}.`);
  }
  const warnings = createWarnOnce(guardLogger(logger), () => performance.now());
  return async (context) => {
    try {
      const limitMs = Math.min(flushTimeoutMs, leftMs(context) - ANSWER_MS);
      // Node's timers take integers only.
      await ours.flush({ signal: AbortSignal.timeout(Math.floor(Math.max(0, limitMs))) });
    } catch {
      warnings.throttled(
        'flush',
        'the function answers before its events are delivered. The next invocation sends them; without one they are lost. If the service is up, raise flushTimeoutMs. A durable outbox keeps them in any case.',
      );
    }
  };
}

/** No limit where the host does not say: emulators and tests pass contexts of their own. */
function leftMs(context: LambdaContext | undefined): number {
  const left: unknown = context?.getRemainingTimeInMillis?.();
  return typeof left === 'number' && !Number.isNaN(left) ? left : Number.POSITIVE_INFINITY;
}
