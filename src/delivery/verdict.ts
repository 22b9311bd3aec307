import { type ReadHeader, retryAfterMs } from './retry-after.js';

/** As much of the service's own words as a message of ours repeats. */
const MAX_MESSAGE_LENGTH = 300;

/** What one row of a batch failed with. */
export interface RowFailure {
  readonly index: number;
  readonly retryable: boolean;
  readonly message: string;
}

/** What an answer, or its absence, means for the request. The only place that knows what status codes mean. */
export type Verdict =
  /** Every row was taken but those in `failures`. */
  | { readonly kind: 'delivered'; readonly failures: readonly RowFailure[]; readonly answer: unknown }
  /**
   * Nothing is known to be taken; the same text may be sent again. `service` says that the service as a whole wants to
   * be left alone or cannot be reached, `request` that this request had bad luck.
   */
  | {
      readonly kind: 'retryable';
      readonly scope: 'service' | 'request';
      readonly reason: string;
      readonly afterMs?: number;
    }
  /** The request must be cut. `limit` is in bytes, when the service states it. */
  | { readonly kind: 'tooLarge'; readonly limit?: number }
  | { readonly kind: 'unauthorized' }
  /** The same request will never be taken. */
  | { readonly kind: 'rejected'; readonly status: number; readonly message: string };

/** An answer as a transport hands it over. */
export interface HttpAnswer {
  readonly status: number;
  readonly header: ReadHeader;
  readonly text: string;
}

/** Reads the verdict off an answer. */
export function judge(answer: HttpAnswer, now: number): Verdict {
  const { status } = answer;
  const body = parseObject(answer.text);
  if (status >= 200 && status < 300) {
    // A captive proxy answers 200 to everything: only the service's own word counts.
    if (body?.success === true || Array.isArray(body?.results)) return judgeRows(body, status);
    return { kind: 'retryable', scope: 'request', reason: `HTTP ${status} without the service's answer` };
  }
  if (status === 500 && Array.isArray(body?.results)) return judgeRows(body, status);
  if (status === 401) return { kind: 'unauthorized' };
  if (status === 413) {
    const limit = body?.limit;
    return typeof limit === 'number' && limit > 0 ? { kind: 'tooLarge', limit } : { kind: 'tooLarge' };
  }
  if (isRefusal(status, answer.header('x-should-retry'))) {
    const message = body?.error ?? body?.message;
    return { kind: 'rejected', status, message: typeof message === 'string' ? shorten(message) : `HTTP ${status}` };
  }
  const afterMs = retryAfterMs(answer.header, now);
  const scope = isAboutTheRequest(status) ? 'request' : 'service';
  return { kind: 'retryable', scope, reason: `HTTP ${status}`, ...(afterMs === undefined ? {} : { afterMs }) };
}

/** What is wrong with the request itself, as the service documents it. */
const REFUSALS = new Set([400, 415, 422]);

function isAboutTheRequest(status: number): boolean {
  return REFUSALS.has(status) || status === 408 || status === 409 || (status >= 500 && status !== 503);
}

/**
 * Whether the same request will never be taken. A 403, 404 or redirect is none of that: a wrong base URL or a firewall in
 * between says nothing about the events, which wait until it is mended.
 */
function isRefusal(status: number, shouldRetry: string | undefined): boolean {
  if (shouldRetry === 'true') return false;
  return shouldRetry === 'false' || REFUSALS.has(status);
}

// Errors that mean nobody is there to talk to, as Node and undici name them.
const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Reads the verdict off a request that got no whole answer. The error's message may hold addresses; its code does not. */
export function judgeFailure(error: unknown): Verdict {
  const code = errorCode(error);
  const scope = code !== undefined && UNREACHABLE.has(code) ? 'service' : 'request';
  return { kind: 'retryable', scope, reason: code ?? (error instanceof Error ? error.name : 'no answer') };
}

/** `fetch` wraps the cause, and connecting to several addresses fails with an `AggregateError` of causes. */
function errorCode(error: unknown): string | undefined {
  for (let at = error, depth = 0; typeof at === 'object' && at !== null && depth < 5; depth += 1) {
    const { code, cause, errors } = at as { code?: unknown; cause?: unknown; errors?: unknown[] };
    if (typeof code === 'string') return code;
    at = cause ?? errors?.[0];
  }
  return undefined;
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Takes an answer row by row. One that fails every row, none of them for good, is the service's trouble and not the rows': it
 * is bad luck of the request, so that an outage told in this way burns no row's retries.
 */
function judgeRows(body: Record<string, unknown>, status: number): Verdict {
  const failures = rowFailures(body);
  const isReadable = failures.every(({ index }) => Number.isInteger(index) && index >= 0);
  if (!isReadable || Number(body.failed) > failures.length) {
    return { kind: 'retryable', scope: 'request', reason: `HTTP ${status} that does not say which rows failed` };
  }
  const rows = Array.isArray(body.results) ? (body.results as { success?: unknown }[]) : [];
  const noneTaken = !(Number(body.accepted) > 0) && !rows.some((row) => row?.success === true);
  if (failures.length > 0 && noneTaken && failures.every((row) => row.retryable)) {
    return { kind: 'retryable', scope: 'request', reason: `HTTP ${status}, no row taken` };
  }
  return { kind: 'delivered', failures, answer: body };
}

function rowFailures(body: Record<string, unknown>): RowFailure[] {
  if (!Array.isArray(body.results)) return [];
  return (body.results as { index?: unknown; success?: unknown; code?: unknown; message?: unknown }[])
    .filter((row) => row?.success === false)
    .map((row) => ({
      index: Number(row.index),
      // A code this client does not know yet is retried: losing an event is worse than sending it twice.
      retryable: row.code !== 'invalid_event',
      message: typeof row.message === 'string' ? shorten(row.message) : 'refused by the service',
    }));
}

/** Whole words only: half of a token that the service quotes would not be recognised as one and stay in the message. */
function shorten(message: string): string {
  return message.length <= MAX_MESSAGE_LENGTH ? message : message.slice(0, MAX_MESSAGE_LENGTH).replace(/\S*$/, '…');
}
