import { later } from '../timers.js';
import type { SkewedClock } from './clock.js';
import type { Transport } from './transport.js';
import { type HttpAnswer, judge, judgeFailure } from './verdict.js';

/**
 * Performs one POST and reads the whole answer; rejects on a broken connection. When the signal aborts it lets go of the
 * connection; nobody waits for its answer any more.
 */
export interface HttpPost {
  (path: string, body: Uint8Array, signal: AbortSignal): Promise<HttpAnswer>;
  close?(): Promise<void>;
}

export interface HttpTransportOptions {
  readonly post: HttpPost;
  readonly requestTimeoutMs: number;
  readonly clock: SkewedClock;
  readonly monotonic: () => number;
}

/** Turns posts into verdicts: one deadline for the whole request, the service's clock learned on the way. */
export function createHttpTransport({ post, requestTimeoutMs, clock, monotonic }: HttpTransportOptions): Transport {
  /** What ends each request under way. */
  const underWay = new Set<(reason: unknown) => void>();
  let isClosed = false;

  return {
    async send({ path, body }, signal) {
      const request = new AbortController();
      let abort!: (reason: unknown) => void;
      // Beside the post: a `fetch` that ignores its signal, as test doubles do, must not outlive the deadline.
      const aborted = new Promise<never>((_, reject) => {
        abort = (reason) => {
          reject(reason);
          request.abort(reason);
        };
      });
      const abortAsTold = (): void => abort(signal?.reason);
      const cancelTimer = later(requestTimeoutMs, () => abort(because('request timeout')));
      signal?.addEventListener('abort', abortAsTold);
      if (signal?.aborted) abortAsTold();
      if (isClosed) abort(because(CLOSED));
      underWay.add(abort);
      const sentAt = monotonic();
      try {
        const answer = await Promise.race([aborted, post(path, body, request.signal)]);
        clock.learn(answer.header('date'), sentAt, monotonic());
        return judge(answer, clock.read().service);
      } catch (error) {
        return judgeFailure(error);
      } finally {
        cancelTimer();
        underWay.delete(abort);
        signal?.removeEventListener('abort', abortAsTold);
      }
    },

    async close() {
      isClosed = true;
      for (const abort of underWay) abort(because(CLOSED));
      await post.close?.();
    },
  };
}

const CLOSED = 'client closed';

/** An end of a request that is our own doing; the verdict's reason is the code. */
function because(code: string): Error {
  return Object.assign(new Error(code), { code });
}
