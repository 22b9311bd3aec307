import { keepProcess } from '../core/timers.js';
import { PATHS } from '../protocol/wire.js';
import { createNodePost } from '../transport/node-post.js';
import { classifyFailure, classifyResponse, type SendResult } from '../transport/send-result.js';

const TIMEOUT_MS = 10_000;

/** The answer of the service to a batch without events, which records nothing. */
export interface ProbeAnswer {
  readonly result: SendResult;
  /** The HTTP status; `undefined` without a complete answer. */
  readonly status: number | undefined;
  /** The proxy it went through. */
  readonly via: string | undefined;
  /** The answer's `Date` header. */
  readonly date: string | undefined;
  /** This machine's clock before and after the request, in milliseconds since the epoch. */
  readonly sentAt: number;
  readonly receivedAt: number;
}

export interface ProbeOptions {
  readonly baseUrl: string;
  readonly token: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Checks that the service answers and accepts the token.
 *
 * [A] The service answers an invalid token with 401, whatever else is wrong with the request. Any other answer is taken to mean
 * that the token is valid.
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
