import { printable } from '../../core/printable.js';
import { retryAfterMs } from '../../transport/retry-after.js';
import { messageOf } from '../message-of.js';
import { errorSchema } from './api-schemas.js';

const ATTEMPTS = 3;
const FIRST_DELAY_MS = 500;
const TIMEOUT_MS = 10_000;
const MAX_REASON = 200;

/** The Platform API did not answer what was asked. */
export class PlatformApiError extends Error {
  override readonly name = 'PlatformApiError';
  /** The status of the answer; `undefined` without one. */
  readonly status: number | undefined;

  constructor(message: string, status?: number) {
    super(message);
    this.status = status;
  }
}

export interface ApiRequestOptions {
  /** Origin of the Platform API, without a slash at its end. */
  readonly origin: string;
  readonly apiKey: string;
  /** Waits before another attempt. */
  readonly sleep: (ms: number) => Promise<void>;
  /** When it aborts, nothing is asked any more. */
  readonly stop?: AbortSignal | undefined;
  /** For one attempt. @default 10000 */
  readonly timeoutMs?: number | undefined;
  /** The way through a proxy. @default straight */
  readonly dispatcher?: object | undefined;
}

/** Asks for a path; the scope is what the key needs for it, for a refusal that can be acted on. */
export type ApiRequest = (path: string, scope: string) => Promise<unknown>;

/**
 * GET requests with an API key. What may pass by itself (no answer, 429, 5xx) is tried three times, with the pause that the
 * service asks for or half a second and then a whole one.
 */
export function createApiRequest(options: ApiRequestOptions): ApiRequest {
  return async (path, scope) => {
    for (let attempt = 1; ; attempt += 1) {
      const result = await tryOnce(options, path);
      if ('body' in result) return result.body;
      const { error, waitMs } = result;
      if (waitMs === undefined || attempt === ATTEMPTS) throw explain(error, path, scope);
      await options.sleep(waitMs ?? FIRST_DELAY_MS * 2 ** (attempt - 1));
      if (options.stop?.aborted) throw explain(error, path, scope);
    }
  };
}

/** An answer, or what went wrong; `waitMs` is `null` where the service did not say how long, `undefined` for good. */
type Tried =
  | { readonly body: unknown }
  | { readonly error: PlatformApiError; readonly waitMs: number | null | undefined };

async function tryOnce(
  { origin, apiKey, timeoutMs, stop, dispatcher }: ApiRequestOptions,
  path: string,
): Promise<Tried> {
  const timeout = AbortSignal.timeout(timeoutMs ?? TIMEOUT_MS);
  const init = {
    headers: { authorization: `Bearer ${apiKey}`, accept: 'application/json' },
    signal: stop === undefined ? timeout : AbortSignal.any([timeout, stop]),
    // The key is for this origin and no other.
    redirect: 'manual',
    ...(dispatcher === undefined ? {} : { dispatcher }),
  } as RequestInit;
  let response: Response;
  let text: string;
  try {
    response = await fetch(origin + path, init);
    text = await response.text();
  } catch (error) {
    return { error: new PlatformApiError(`${origin} does not answer (${reasonOf(error)}).`), waitMs: null };
  }
  const { status, headers } = response;
  const body = parseJson(text);
  if (response.ok && body !== undefined) return { body };
  const error = new PlatformApiError(whatCame(response, body, origin), status);
  const isPassing = status === 429 || status >= 500;
  const waitMs = isPassing ? (retryAfterMs((name) => headers.get(name) ?? undefined, Date.now()) ?? null) : undefined;
  return { error, waitMs };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What an answer was that is none, as far as that helps to find out whose it is. */
function whatCame({ status, headers, ok }: Response, body: unknown, origin: string): string {
  const location = headers.get('location');
  if (status >= 300 && status < 400 && location !== null) {
    const target = URL.canParse(location, origin) ? new URL(location, origin).origin : 'another address';
    return `HTTP ${status}, a redirect to ${target}, which is not followed: check the address, and what stands in between.`;
  }
  if (ok) return `HTTP ${status} without JSON: check the address, and what stands in between.`;
  const said = reasonIn(body);
  return `HTTP ${status}${said === undefined ? '' : `: ${said}`}`;
}

function reasonIn(body: unknown): string | undefined {
  const { error, message } = errorSchema.safeParse(body).data ?? {};
  const said = [error, message].find((one) => typeof one === 'string');
  return typeof said === 'string' ? printable(said, MAX_REASON) : undefined;
}

/** `fetch` says only that it failed; why stands in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown reason';
  if (error.name === 'TimeoutError') return 'no answer in time';
  const { cause } = error as { readonly cause?: { readonly code?: unknown } };
  return typeof cause?.code === 'string' ? cause.code : messageOf(error);
}

function explain({ message, status }: PlatformApiError, path: string, scope: string): PlatformApiError {
  const [resource = ''] = path.split('?', 1);
  const sentence = {
    401: 'the Platform API refuses OURS_PRIVACY_API_KEY: copy the key again from the dashboard, and see that it has not expired.',
    403: `the API key lacks the scope ${scope}: add it to the key in the dashboard.`,
    429: 'the Platform API asks for fewer requests: try again later.',
  }[status ?? 0];
  return new PlatformApiError(sentence ?? `the Platform API did not answer ${resource}: ${message}`, status);
}
