import { keepProcess } from '../core/timers.js';
import { PATHS } from '../protocol/wire.js';
import { createNodePost } from '../transport/node-post.js';
import { classifyFailure, classifyResponse, type SendResult } from '../transport/send-result.js';

const TIMEOUT_MS = 10_000;

/** What the service answers to a batch without events, which records nothing. */
export interface ProbeAnswer {
  readonly result: SendResult;
  /** The HTTP status; `undefined` when there was no whole answer. */
  readonly status: number | undefined;
  /** The proxy it went through. */
  readonly via: string | undefined;
  /** The answer's `Date` header. */
  readonly date: string | undefined;
  /** This machine's clock before and after, in milliseconds since the epoch. */
  readonly sentAt: number;
  readonly receivedAt: number;
}

export interface ProbeOptions {
  readonly baseUrl: string;
  readonly token: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Asks the service whether it is there and knows the token.
 *
 * [A] A refused token is answered with 401, whatever else is wrong with the request; any other answer of the service means
 * that the token was taken, as far as can be told.
 */
export async function probe({ baseUrl, token, env }: ProbeOptions): Promise<ProbeAnswer> {
  const post = createNodePost({
    baseUrl,
    connections: 1,
    connectTimeoutMs: TIMEOUT_MS,
    monotonic: () => performance.now(),
    env,
    logger: { warn() {} },
  });
  const body = new TextEncoder().encode(JSON.stringify({ token, events: [] }));
  const sentAt = Date.now();
  try {
    const answer = await keepProcess(post(PATHS.batch, body, AbortSignal.timeout(TIMEOUT_MS)));
    const receivedAt = Date.now();
    const { status } = answer;
    const { result } = classifyResponse(answer, { path: PATHS.batch, events: 0 }, receivedAt);
    return { result, status, via: post.via?.(), date: answer.header('date'), sentAt, receivedAt };
  } catch (error) {
    const result = classifyFailure(error);
    return { result, status: undefined, via: post.via?.(), date: undefined, sentAt, receivedAt: Date.now() };
  } finally {
    await post.close?.().catch(() => undefined);
  }
}
