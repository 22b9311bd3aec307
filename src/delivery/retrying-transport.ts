import pRetry from 'p-retry';
import { sleep } from '../timers.js';
import { backoffMs } from './backoff.js';
import type { Gate } from './gate.js';
import type { Transport } from './transport.js';
import type { Verdict } from './verdict.js';

type Retryable = Extract<Verdict, { kind: 'retryable' }>;

class RetryableError extends Error {
  readonly verdict: Retryable;

  constructor(verdict: Retryable) {
    super(verdict.reason);
    this.verdict = verdict;
  }
}

// A keep-alive socket that the other side closed while it lay idle: nobody is at fault and nothing is overloaded.
const STALE_SOCKET = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

export interface RetryingTransportOptions {
  readonly gate: Gate;
  readonly maxRetries: number;
  readonly random: () => number;
}

/**
 * Sends a request again, word for word, while it has bad luck and the gate is open. Every answer is reported to the gate;
 * once that closes, retrying is no longer this request's business and the last verdict goes back to the caller.
 */
export function retrying(inner: Transport, { gate, maxRetries, random }: RetryingTransportOptions): Transport {
  return {
    async send(request, signal) {
      const attempt = async (): Promise<Verdict> => {
        const verdict = await inner.send(request, signal);
        if (signal?.aborted) return verdict;
        gate.observe(verdict);
        if (verdict.kind === 'retryable') throw new RetryableError(verdict);
        return verdict;
      };
      try {
        return await pRetry(attempt, {
          retries: maxRetries,
          minTimeout: 0,
          shouldRetry: async ({ error, attemptNumber }) => {
            if (!(error instanceof RetryableError) || !gate.isOpen) return false;
            const { reason, afterMs } = error.verdict;
            const stale = attemptNumber === 1 && STALE_SOCKET.has(reason);
            if (!stale) await sleep(afterMs ?? backoffMs(attemptNumber, random), signal);
            return gate.isOpen && !signal?.aborted;
          },
        });
      } catch (error) {
        if (error instanceof RetryableError) return error.verdict;
        throw error;
      }
    },
    close: () => inner.close(),
  };
}
