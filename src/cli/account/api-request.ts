import { printable } from '../../core/printable.js';
import { retryAfterMs } from '../../transport/retry-after.js';
import { messageOf } from '../command.js';
import { errorSchema } from './api-schemas.js';

const ATTEMPTS = 3;
const FIRST_DELAY_MS = 500;
/** For one attempt. */
const TIMEOUT_MS = 10_000;
const MAX_REASON = 200;

/** A request to the Platform API failed. */
export class PlatformApiError extends Error {
  override readonly name = 'PlatformApiError';
  /** The HTTP status; `undefined` without an answer. */
  readonly status: number | undefined;

  constructor(message: string, status?: number) {
    super(message);
    this.status = status;
  }
}

export interface ApiRequestOptions {
  /** Origin of the Platform API, without a trailing slash. */
  readonly origin: string;
  readonly apiKey: string;
  /** Waits before another attempt. */
  readonly sleep: (ms: number) => Promise<void>;
  /** Aborts pending requests and retries. */
  readonly stop?: AbortSignal | undefined;
  /** The dispatcher of a proxy. @default none */
  readonly dispatcher?: object | undefined;
  /** How often a GET is tried. @default 3 */
  readonly attempts?: number | undefined;
  /** The advice for 401. @default the one for an account's key */
  readonly refused?: string | undefined;
  /** The advice if there is no answer. @default none */
  readonly unreachable?: string | undefined;
}

/** A change. It is not retried: it may have been made although there was no answer. */
export interface ApiChange {
  readonly method: 'POST' | 'PATCH';
  readonly body: unknown;
}

/** Requests a path. The scope that the key needs for it is named when the request is refused. */
export type ApiRequest = (path: string, scope: string, change?: ApiChange) => Promise<unknown>;

/**
 * Requests with an API key. Temporary failures of GET requests (no answer, 429, 5xx) are retried twice, after the pause that the service
 * asks for, or after 0.5 s and then 1 s.
 */
export function createApiRequest(options: ApiRequestOptions): ApiRequest {
  const explained = (error: PlatformApiError, path: string, scope: string): PlatformApiError =>
    explain(error, path, scope, options.refused ?? REFUSED);
  return async (path, scope, change) => {
    for (let attempt = 1; ; attempt += 1) {
      const result = await tryOnce(options, path, change);
      if ('body' in result) return result.body;
      const { error, waitMs } = result;
      if (waitMs === undefined || change !== undefined || attempt === (options.attempts ?? ATTEMPTS))
        throw explained(error, path, scope);
      await options.sleep(waitMs ?? FIRST_DELAY_MS * 2 ** (attempt - 1));
      if (options.stop?.aborted) throw explained(error, path, scope);
    }
  };
}

/** An answer or an error. `waitMs` is `null` if the service named no pause, `undefined` if a retry is useless. */
type Attempt =
  | { readonly body: unknown }
  | { readonly error: PlatformApiError; readonly waitMs: number | null | undefined };

async function tryOnce(
  { origin, apiKey, stop, dispatcher, unreachable }: ApiRequestOptions,
  path: string,
  change: ApiChange | undefined,
): Promise<Attempt> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  const init = {
    method: change?.method ?? 'GET',
    headers: {
      authorization: `Bearer ${apiKey}`,
      accept: 'application/json',
      ...(change === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(change === undefined ? {} : { body: JSON.stringify(change.body) }),
    signal: stop === undefined ? timeout : AbortSignal.any([timeout, stop]),
    // The key must not be sent to another origin.
    redirect: 'manual',
    ...(dispatcher === undefined ? {} : { dispatcher }),
  } as RequestInit;
  let response: Response;
  let text: string;
  try {
    response = await fetch(origin + path, init);
    text = await response.text();
  } catch (error) {
    const message = `${origin} does not answer (${reasonOf(error)}).`;
    return {
      error: new PlatformApiError(unreachable === undefined ? message : `${message} ${unreachable}`),
      waitMs: null,
    };
  }
  const { status, headers } = response;
  const body = parseJson(text);
  if (response.ok && body !== undefined) return { body };
  const error = new PlatformApiError(describeResponse(response, body, origin), status);
  const isTemporary = status === 429 || status >= 500;
  const waitMs = isTemporary ? (retryAfterMs((name) => headers.get(name) ?? undefined, Date.now()) ?? null) : undefined;
  return { error, waitMs };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Describes an unexpected response, to help find its origin. */
function describeResponse({ status, headers, ok }: Response, body: unknown, origin: string): string {
  const location = headers.get('location');
  if (status >= 300 && status < 400 && location !== null) {
    const target = URL.canParse(location, origin) ? new URL(location, origin).origin : 'another address';
    return `HTTP ${status}, a redirect to ${target}, which is not followed: check the address, and for a proxy on the way.`;
  }
  if (ok) return `HTTP ${status} without JSON: check the address, and for a proxy on the way.`;
  const reason = reasonIn(body);
  return `HTTP ${status}${reason === undefined ? '' : `: ${reason}`}`;
}

function reasonIn(body: unknown): string | undefined {
  const { error, message } = errorSchema.safeParse(body).data ?? {};
  const reason = [error, message].find((one) => typeof one === 'string');
  return typeof reason === 'string' ? printable(reason, MAX_REASON) : undefined;
}

/** `fetch` reports only that it failed; the cause has the reason. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown reason';
  if (error.name === 'TimeoutError') return 'the request timed out';
  const { cause } = error as { readonly cause?: { readonly code?: unknown } };
  return typeof cause?.code === 'string' ? cause.code : messageOf(error);
}

const REFUSED =
  'the Platform API refuses OURS_PRIVACY_API_KEY: copy the key again from the dashboard, and check that it has not expired.';

function explain(
  { message, status }: PlatformApiError,
  path: string,
  scope: string,
  refused: string,
): PlatformApiError {
  const [resource = ''] = path.split('?', 1);
  const sentence = {
    401: refused,
    403: `the API key lacks the scope ${scope}: add it to the key in the dashboard.`,
    429: 'the Platform API asks for fewer requests: try again later.',
  }[status ?? 0];
  // The message of an answer begins with its status.
  const what = status === undefined ? `did not answer ${resource}: ${message}` : `answered ${resource} with ${message}`;
  return new PlatformApiError(sentence ?? `the Platform API ${what}`, status);
}
