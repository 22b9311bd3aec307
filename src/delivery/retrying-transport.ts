import { sleep } from '../core/timers.js';
import type { TransportRequest } from '../transport/request.js';
import type { SendResult } from '../transport/send-result.js';
import type { Transport } from '../transport/transport.js';
import { backoffMs, MAX_BACKOFF_MS } from './backoff.js';
import type { CircuitBreaker, Sent } from './circuit-breaker.js';

// The other side closed an idle keep-alive socket. Neither the request nor the service is at fault.
const STALE_SOCKET = ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'];

/** Retries before the events of a request become suspects: random failures are rarely four in a row. */
export const MAX_RETRIES_IN_PLACE = 3;
/** A slow attempt is not retried at once: the retry would probably take as long. */
export const SLOW_MS = 1_000;

export interface RetryingOptions {
  readonly breaker: CircuitBreaker;
  readonly monotonic: () => number;
  readonly random: () => number;
}

/** Sends a request, with up to `maxRetries` retries. Never rejects. */
export type SendRetrying = (
  request: TransportRequest,
  sent: Sent,
  maxRetries: number,
  signal: AbortSignal,
) => Promise<SendResult>;

/**
 * Retries a request, byte for byte, while its result is retryable and the breaker is closed. The breaker observes every result;
 * once it opens, the last result is returned.
 */
export function retrying(transport: Transport, { breaker, monotonic, random }: RetryingOptions): SendRetrying {
  return async (request, sent, maxRetries, signal) => {
    for (let attempt = 1; ; attempt += 1) {
      const startedAt = monotonic();
      const result = await transport.send(attempt === 1 ? request : { ...request, attempt }, signal);
      if (signal.aborted) return result;
      breaker.observe(result, sent);
      if (result.kind !== 'retryable' || attempt > maxRetries || !breaker.isClosed) return result;
      // An overload is no bad luck.
      if (result.scope === 'service') return result;
      // A longer pause is spent in the outbox: the lease is too short for it.
      if (monotonic() - startedAt >= SLOW_MS || (result.afterMs ?? 0) > MAX_BACKOFF_MS) return result;
      const isStale = attempt === 1 && STALE_SOCKET.includes(result.reason);
      if (!isStale) await sleep(result.afterMs ?? backoffMs(attempt, random), signal);
      if (signal.aborted || !breaker.isClosed) return result;
    }
  };
}
