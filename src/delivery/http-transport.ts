import { later } from '../timers.js';
import type { SkewedClock } from './clock.js';
import type { Transport } from './transport.js';
import { type HttpAnswer, judge, judgeFailure } from './verdict.js';

/** Performs one POST and reads the whole answer; rejects on a broken connection or when the signal aborts. */
export interface HttpPost {
  (path: string, body: Uint8Array, signal: AbortSignal): Promise<HttpAnswer>;
  close?(): Promise<void>;
}

export interface HttpTransportOptions {
  readonly post: HttpPost;
  readonly requestTimeoutMs: number;
  readonly clock: SkewedClock;
  readonly now: () => number;
}

/** Turns posts into verdicts: one deadline for the whole request, the service's clock learned on the way. */
export function createHttpTransport({ post, requestTimeoutMs, clock, now }: HttpTransportOptions): Transport {
  const underWay = new Set<AbortController>();
  let isClosed = false;

  return {
    async send({ path, body }, signal) {
      const deadline = new AbortController();
      const abort = (): void => deadline.abort(signal?.reason);
      const cancelTimer = later(requestTimeoutMs, () => deadline.abort(new DeadlineError()));
      signal?.addEventListener('abort', abort);
      if (signal?.aborted) abort();
      if (isClosed) deadline.abort(new ClosedError());
      underWay.add(deadline);
      const sentAt = now();
      try {
        const answer = await post(path, body, deadline.signal);
        const receivedAt = now();
        clock.learn(answer.header('date'), sentAt, receivedAt);
        // A date in the answer is by the service's clock.
        return judge(answer, receivedAt + clock.skewMs);
      } catch (error) {
        return judgeFailure(deadline.signal.aborted ? deadline.signal.reason : error);
      } finally {
        cancelTimer();
        underWay.delete(deadline);
        signal?.removeEventListener('abort', abort);
      }
    },

    async close() {
      isClosed = true;
      for (const deadline of underWay) deadline.abort(new ClosedError());
      await post.close?.();
    },
  };
}

class DeadlineError extends Error {
  readonly code = 'request timeout';
}

class ClosedError extends Error {
  readonly code = 'client closed';
}
