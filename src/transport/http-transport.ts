import { deadline, onAbort } from '../core/timers.js';
import type { Observer } from '../telemetry/observer.js';
import type { SkewedClock } from './clock.js';
import type { TransportRequest } from './request.js';
import { classifyFailure, classifyResponse, type HttpAnswer, type SendResult } from './send-result.js';
import type { Transport } from './transport.js';

/**
 * Performs one POST and reads the whole answer; rejects on a broken connection. When the signal aborts it lets go of the
 * connection; nobody waits for its answer any more. Calls `onConnected` when it has a connection, if it can tell.
 */
export interface HttpPost {
  (path: string, body: Uint8Array, signal: AbortSignal, onConnected?: () => void): Promise<HttpAnswer>;
  close?(): Promise<void>;
  /** What the last request went through on its way to the service, for messages. Nothing secret. */
  via?(): string | undefined;
}

export interface HttpTransport extends Transport {
  /** Ends the requests under way as retryable; later ones go out as before. */
  interrupt(): void;
}

export interface HttpTransportOptions {
  readonly post: HttpPost;
  readonly requestTimeoutMs: number;
  readonly clock: SkewedClock;
  readonly monotonic: () => number;
  readonly observer?: Observer | undefined;
}

/** The longest time from a request's start to its result: it may spend its timeout on a connection, and again on the answer. */
export function longestRequestMs(requestTimeoutMs: number): number {
  return 2 * requestTimeoutMs;
}

/**
 * Turns posts into results, with the service's clock learned on the way. A request's deadline begins again when it has its
 * connection: over a slow link the answer may already be on its way when the first one would end.
 */
export function createHttpTransport(options: HttpTransportOptions): HttpTransport {
  const { post, requestTimeoutMs, clock, monotonic, observer } = options;
  /** What ends each request under way. */
  const underWay = new Set<(reason: unknown) => void>();
  let isClosed = false;

  function report(request: TransportRequest, result: SendResult, status: number | undefined, sentAt: number): void {
    const { path, body, events = 0, attempt = 1, traces = [] } = request;
    observer?.requested({
      path,
      events,
      bytes: body.length,
      attempt,
      durationMs: monotonic() - sentAt,
      status,
      result: result.kind,
      reason: result.kind === 'retryable' ? result.reason : undefined,
      traces,
    });
  }

  return {
    async send(request, signal) {
      const exchange = new AbortController();
      let abort!: (reason: unknown) => void;
      // Beside the post: a `fetch` that ignores its signal, as test doubles do, must not outlive the deadline.
      const aborted = new Promise<never>((_, reject) => {
        abort = (reason) => {
          reject(reason);
          exchange.abort(reason);
        };
      });
      let cancelTimer = (): void => undefined;
      const startTimer = (): void => {
        cancelTimer();
        cancelTimer = deadline(requestTimeoutMs, () => abort(because('request timeout')));
      };
      startTimer();
      const forget = onAbort(signal, () => abort(signal?.reason));
      if (signal?.aborted) abort(signal.reason);
      if (isClosed) abort(because(CLOSED));
      underWay.add(abort);
      const sentAt = monotonic();
      try {
        const answer = await Promise.race([aborted, post(request.path, request.body, exchange.signal, startTimer)]);
        const { result, tellsTime } = classifyResponse(answer, request, clock.read().service);
        if (tellsTime) clock.learn(answer.header('date'), sentAt, monotonic());
        report(request, result, answer.status, sentAt);
        return result;
      } catch (error) {
        const result = classifyFailure(error);
        report(request, result, undefined, sentAt);
        return result;
      } finally {
        cancelTimer();
        underWay.delete(abort);
        forget();
      }
    },

    interrupt() {
      for (const abort of underWay) abort(because('process ends'));
    },

    async close() {
      isClosed = true;
      for (const abort of underWay) abort(because(CLOSED));
      await post.close?.();
    },
  };
}

const CLOSED = 'client closed';

/** An end of a request that is our own doing; the result's reason is the code. */
function because(code: string): Error {
  return Object.assign(new Error(code), { code });
}
