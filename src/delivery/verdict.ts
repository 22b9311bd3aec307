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
   * be left alone or cannot be reached, `request` that this request had bad luck, `way` that something else has answered: it
   * may let nothing through, or only not this.
   */
  | {
      readonly kind: 'retryable';
      readonly scope: 'service' | 'request' | 'way';
      readonly reason: string;
      readonly afterMs?: number | undefined;
    }
  /** The request must be cut. `limit` is in bytes, when the service states it. */
  | { readonly kind: 'tooLarge'; readonly limit?: number | undefined }
  | { readonly kind: 'unauthorized' }
  /** The same request will never be taken. */
  | { readonly kind: 'rejected'; readonly status: number; readonly message: string };

/** An answer as a transport hands it over. */
export interface HttpAnswer {
  readonly status: number;
  readonly header: ReadHeader;
  readonly text: string;
}

/** What an answer may say; all of it may be missing or be something else. */
interface Body {
  readonly success?: unknown;
  readonly accepted?: unknown;
  readonly failed?: unknown;
  readonly results?: unknown;
  readonly limit?: unknown;
  readonly error?: unknown;
  readonly message?: unknown;
}

interface Row {
  readonly index?: unknown;
  readonly success?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
}

/** What is wrong with the request itself, as the service documents it. */
const REFUSALS = [400, 415, 422];

/** Answers that say nothing about the service as a whole, beside those of 5xx. */
const BAD_LUCK = [...REFUSALS, 408, 409];

/** The service wants to be left alone. */
const OVERLOAD = [429, 503];

/** Reads the verdict off an answer. */
export function judge({ status, header, text }: HttpAnswer, now: number): Verdict {
  const body = parseBody(text);
  const isSuccess = status >= 200 && status < 300;
  const rows = Array.isArray(body.results) ? body.results : undefined;
  if (rows !== undefined && (isSuccess || status === 500)) return judgeRows(rows, body, status);
  // A captive proxy answers 200 to everything: only the service's own word counts.
  if (isSuccess && body.success === true) return judgeRows([], body, status);
  if (isSuccess) return badLuck(`HTTP ${status} without the service's answer`);
  if (status === 401) return { kind: 'unauthorized' };
  const { limit } = body;
  if (status === 413) return { kind: 'tooLarge', limit: typeof limit === 'number' && limit > 0 ? limit : undefined };
  // A 403, 404 or redirect is no refusal: a wrong base URL or a firewall in between says nothing about the events, which
  // wait until it is mended.
  const shouldRetry = header('x-should-retry');
  if (shouldRetry === 'false' || (shouldRetry !== 'true' && REFUSALS.includes(status)))
    return { kind: 'rejected', status, message: shorten(body.error ?? body.message, `HTTP ${status}`) };
  return {
    kind: 'retryable',
    scope: OVERLOAD.includes(status) ? 'service' : status >= 500 || BAD_LUCK.includes(status) ? 'request' : 'way',
    reason: `HTTP ${status}`,
    afterMs: retryAfterMs(header, now),
  };
}

// Errors that mean nobody is there to talk to, as Node and undici name them.
const UNREACHABLE = [
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'UND_ERR_CONNECT_TIMEOUT',
];

/** Reads the verdict off a request that got no whole answer. The error's message may hold addresses; its code does not. */
export function judgeFailure(error: unknown): Verdict {
  const reason = errorCode(error) ?? (error instanceof Error ? error.name : 'no answer');
  return { kind: 'retryable', scope: UNREACHABLE.includes(reason) ? 'service' : 'request', reason };
}

interface Cause {
  readonly code?: unknown;
  readonly cause?: Cause;
  readonly errors?: readonly Cause[];
}

/** `fetch` wraps the cause, and connecting to several addresses fails with an `AggregateError` of causes. */
function errorCode(error: unknown): string | undefined {
  let at = error as Cause | null | undefined;
  // Causes may go in a circle.
  for (let depth = 0; depth < 5; depth += 1) {
    if (typeof at?.code === 'string') return at.code;
    at = at?.cause ?? at?.errors?.[0];
  }
  return undefined;
}

function parseBody(text: string): Body {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}

function badLuck(reason: string): Verdict {
  return { kind: 'retryable', scope: 'request', reason };
}

/**
 * Takes an answer row by row. One that fails every row, none of them for good, is the service's trouble and not the rows': it
 * is bad luck of the request, so that an outage told in this way burns no row's retries.
 */
function judgeRows(rows: readonly (Row | null)[], body: Body, status: number): Verdict {
  const failures = rows.flatMap((row) => (row?.success === false ? [toFailure(row)] : []));
  if (Number(body.failed) > failures.length || !failures.every(({ index }) => Number.isInteger(index) && index >= 0))
    return badLuck(`HTTP ${status} that does not say which rows failed`);
  const isSomeTaken = Number(body.accepted) > 0 || rows.some((row) => row?.success === true);
  if (failures.length > 0 && !isSomeTaken && failures.every(({ retryable }) => retryable))
    return badLuck(`HTTP ${status}, no row taken`);
  return { kind: 'delivered', failures, answer: body };
}

function toFailure({ index, code, message }: Row): RowFailure {
  return {
    index: Number(index),
    // A code this client does not know yet is retried: losing an event is worse than sending it twice.
    retryable: code !== 'invalid_event',
    message: shorten(message, 'refused by the service'),
  };
}

/** Whole words only: half of a token that the service quotes would not be recognised as one and stay in the message. */
function shorten(message: unknown, otherwise: string): string {
  if (typeof message !== 'string') return otherwise;
  return message.length <= MAX_MESSAGE_LENGTH ? message : message.slice(0, MAX_MESSAGE_LENGTH).replace(/\S*$/, '…');
}
