import { sleep } from '../timers.js';
import { backoffMs } from './backoff.js';
import type { Gate } from './gate.js';
import type { Transport, TransportRequest } from './transport.js';
import type { Verdict } from './verdict.js';

// A keep-alive socket that the other side closed while it lay idle: nobody is at fault and nothing is overloaded.
const STALE_SOCKET = ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'];

export interface RetryingOptions {
  readonly gate: Gate;
  readonly random: () => number;
}

/** Sends a request, and again up to `maxRetries` times. Never rejects. */
export type SendRetrying = (request: TransportRequest, maxRetries: number, signal: AbortSignal) => Promise<Verdict>;

/**
 * Sends a request again, word for word, while it has bad luck and the gate is open. Every answer is reported to the gate;
 * once that closes, retrying is no longer this request's business and the last verdict goes back to the caller.
 */
export function retrying(transport: Transport, { gate, random }: RetryingOptions): SendRetrying {
  return async (request, maxRetries, signal) => {
    for (let attempt = 1; ; attempt += 1) {
      const verdict = await transport.send(request, signal);
      if (signal.aborted) return verdict;
      gate.observe(verdict);
      if (verdict.kind !== 'retryable' || attempt > maxRetries || !gate.isOpen) return verdict;
      const isStale = attempt === 1 && STALE_SOCKET.includes(verdict.reason);
      if (!isStale) await sleep(verdict.afterMs ?? backoffMs(attempt, random), signal);
      if (signal.aborted || !gate.isOpen) return verdict;
    }
  };
}
