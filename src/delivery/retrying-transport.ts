import { sleep } from '../core/timers.js';
import type { TransportRequest } from '../transport/request.js';
import type { SendResult } from '../transport/send-result.js';
import type { Transport } from '../transport/transport.js';
import { backoffMs, MAX_BACKOFF_MS } from './backoff.js';
import type { CircuitBreaker, Sent } from './circuit-breaker.js';

// A keep-alive socket that the other side closed while it was idle: nothing is at fault and nothing is overloaded.
const STALE_SOCKET = ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'];

/** A request is repeated so often before its events are suspected: bad luck rarely strikes four times in a row. */
export const MAX_RETRIES_IN_PLACE = 3;
/** An attempt that failed only after so long is not repeated at once. Whatever is wrong, it would cost as long again. */
export const SLOW_MS = 1_000;

export interface RetryingOptions {
  readonly breaker: CircuitBreaker;
  readonly monotonic: () => number;
  readonly random: () => number;
}

/** Sends a request, and again up to `maxRetries` times. Never rejects. */
export type SendRetrying = (
  request: TransportRequest,
  sent: Sent,
  maxRetries: number,
  signal: AbortSignal,
) => Promise<SendResult>;

/**
 * Sends a request again, word for word, while it has bad luck and the breaker is closed. Every answer is reported to the
 * breaker; once that opens, retrying is no longer this request's business and the last result goes back to the caller.
 */
export function retrying(transport: Transport, { breaker, monotonic, random }: RetryingOptions): SendRetrying {
  return async (request, sent, maxRetries, signal) => {
    for (let attempt = 1; ; attempt += 1) {
      const startedAt = monotonic();
      const result = await transport.send(request, signal);
      if (signal.aborted) return result;
      breaker.observe(result, sent);
      if (result.kind !== 'retryable' || attempt > maxRetries || !breaker.isClosed) return result;
      // A longer pause than the backoff is waited out in the outbox: the lease is not long enough for it.
      if (monotonic() - startedAt >= SLOW_MS || (result.afterMs ?? 0) > MAX_BACKOFF_MS) return result;
      const isStale = attempt === 1 && STALE_SOCKET.includes(result.reason);
      if (!isStale) await sleep(result.afterMs ?? backoffMs(attempt, random), signal);
      if (signal.aborted || !breaker.isClosed) return result;
    }
  };
}
