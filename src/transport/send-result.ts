import { PATHS } from '../protocol/wire.js';
import { failedRows } from './batch-rows.js';
import type { TransportRequest } from './request.js';
import { type ReadHeader, retryAfterMs } from './retry-after.js';
import { readServiceAnswer, type ServiceAnswer } from './service-answer.js';

/** How much of the service's own text a message of ours repeats. */
const MAX_MESSAGE_LENGTH = 300;

/** Why one row of a batch failed. */
export interface RowFailure {
  readonly index: number;
  readonly retryable: boolean;
  readonly message: string;
}

/** What an answer, or its absence, means for the request. */
export type SendResult =
  /** The service took every row except those in `failures`. */
  | { readonly kind: 'delivered'; readonly failures: readonly RowFailure[]; readonly answer: unknown }
  /**
   * Nothing is known to be taken; the same text may be sent again. The scope says how far the trouble reaches:
   * - `service`: it is overloaded or unreachable, so nothing will get through for now
   * - `request`: the service failed on this request, or the connection broke; others may pass
   * - `intermediary`: an intermediary answered, or the address is wrong. It may block everything or only this request, and what it
   *   says never costs an event.
   */
  | {
      readonly kind: 'retryable';
      readonly scope: 'service' | 'request' | 'intermediary';
      readonly reason: string;
      readonly afterMs?: number | undefined;
      /** The service itself has answered this. Absent: an intermediary has, or there was no answer. */
      readonly isServiceAnswer?: true;
    }
  /**
   * The request must be cut: it is too large, or the answer leaves open which of its rows were taken. `limit` is in bytes,
   * when the service states it.
   */
  | { readonly kind: 'tooLarge'; readonly limit?: number | undefined }
  | { readonly kind: 'unauthorized' }
  /** The service will never take this request. */
  | { readonly kind: 'rejected'; readonly status: number; readonly message: string };

/** An answer as a transport hands it over. */
export interface HttpAnswer {
  /** 0 for a redirect that the platform hides, or that it has followed although it was asked not to. */
  readonly status: number;
  readonly header: ReadHeader;
  /** Empty when the body could not be decoded, or is longer than any answer of the service. */
  readonly text: string;
}

/** What is wrong with the request itself, as the service documents it. */
const REFUSALS = [400, 415, 422];

/** Statuses that say nothing about the service as a whole, besides 5xx. */
const REQUEST_TROUBLE = [...REFUSALS, 408, 409];

/** Statuses of an overloaded server. They count even from a proxy: retrying at once would not help. */
const OVERLOAD = [429, 503];

/** What to read of an answer. */
export interface ClassifiedResponse {
  readonly result: SendResult;
  /** Whether the answer's `Date` is the service's clock now. */
  readonly tellsTime: boolean;
}

/** Reads an answer: the one place that decides whose it is and what its status means (docs/whose-answer.md). */
export function classifyResponse(
  answer: HttpAnswer,
  request: Pick<TransportRequest, 'path' | 'events'>,
  now: number,
): ClassifiedResponse {
  // Where a redirect leads, any server may speak the service's language.
  const body = answer.status === 0 ? undefined : readServiceAnswer(answer.text);
  if (body === undefined) return { result: classifyIntermediary(answer, request, now), tellsTime: false };
  // A cache in between repeats the time at which the answer was stored.
  const isCached = Number(answer.header('age') ?? 0) > 0;
  return { result: classifyServiceAnswer(answer, body, request, now), tellsTime: !isCached };
}

/** The service has answered. */
function classifyServiceAnswer(
  { status, header }: HttpAnswer,
  body: ServiceAnswer,
  { path, events = 1 }: Pick<TransportRequest, 'path' | 'events'>,
  now: number,
): SendResult {
  const isSuccess = status >= 200 && status < 300;
  const namesRows = Array.isArray(body.results);
  if (
    path === PATHS.batch &&
    (isSuccess ? body.success || namesRows || Number(body.accepted) > 0 : status === 500 && namesRows)
  )
    return classifyRows(body, events, status);
  if (isSuccess && body.success) return { kind: 'delivered', failures: [], answer: body };
  if (isSuccess) return retry('request', `HTTP ${status} that says nothing was taken`);
  if (status === 401) return { kind: 'unauthorized' };
  const { limit } = body;
  if (status === 413) return { kind: 'tooLarge', limit: typeof limit === 'number' && limit > 0 ? limit : undefined };
  // A 403, 404 or redirect is no refusal: a wrong base URL or a blocked source says nothing about the events, which wait.
  const shouldRetry = header('x-should-retry');
  if (shouldRetry === 'false' || (shouldRetry !== 'true' && REFUSALS.includes(status)))
    return { kind: 'rejected', status, message: shorten(body.error ?? body.message, `HTTP ${status}`) };
  const isRequest = status >= 500 || REQUEST_TROUBLE.includes(status);
  const scope = OVERLOAD.includes(status) ? 'service' : isRequest ? 'request' : 'intermediary';
  return retry(scope, `HTTP ${status}`, retryAfterMs(header, now));
}

function retry(
  scope: 'service' | 'request' | 'intermediary',
  reason: string,
  afterMs?: number | undefined,
): SendResult {
  return { kind: 'retryable', scope, reason, afterMs, isServiceAnswer: true };
}

/** Something between here and the service has answered: whatever it says, the events wait. */
function classifyIntermediary(
  { status, header }: HttpAnswer,
  { events = 1 }: Pick<TransportRequest, 'events'>,
  now: number,
): SendResult {
  // A proxy with a smaller limit than the service: smaller requests may pass. A request that cannot be cut waits.
  if (status === 413 && events > 1) return { kind: 'tooLarge' };
  // Statuses that would have ended the events, had the service said so.
  const isNotable = (status >= 200 && status < 300) || status === 401 || status === 413 || REFUSALS.includes(status);
  return {
    kind: 'retryable',
    scope: OVERLOAD.includes(status) ? 'service' : 'intermediary',
    reason: status === 0 ? 'a redirect' : `HTTP ${status}${isNotable ? " without the service's answer" : ''}`,
    afterMs: retryAfterMs(header, now),
  };
}

/**
 * Reads the answer to a batch row by row. One that fails every row, none of them for good, is the service's trouble and not
 * the rows': an outage reported this way must not use up any row's retries.
 */
function classifyRows(body: ServiceAnswer, sent: number, status: number): SendResult {
  const failed = failedRows(body, sent);
  // Smaller requests leave less open, and a single row nothing. What was taken already counts once: its id is the same.
  if (failed === undefined)
    return sent > 1 ? { kind: 'tooLarge' } : retry('request', `HTTP ${status} that does not account for the event`);
  const failures = failed.map(
    ({ index, code, message }): RowFailure => ({
      index,
      // A code this version does not know is retried: losing an event is worse than sending it twice.
      retryable: code !== 'invalid_event',
      message: shorten(message, 'refused by the service'),
    }),
  );
  if (failures.length > 0 && failures.length === sent && failures.every(({ retryable }) => retryable))
    return retry('request', `HTTP ${status}, no row taken`);
  return { kind: 'delivered', failures, answer: body };
}

// Errors that mean that there is no server to talk to, as Node and undici name them.
const UNREACHABLE = [
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'UND_ERR_CONNECT_TIMEOUT',
];

/** How the code begins of a request for which a proxy made no tunnel; the status follows. */
export const PROXY_ANSWERS = 'the proxy answers HTTP ';

/** Judges a request that got no complete answer. The error's message may hold addresses and is never shown; its code holds none. */
export function classifyFailure(error: unknown): SendResult {
  const reason = errorCode(error) ?? (error instanceof Error ? error.name : 'no answer');
  const isUnreachable = UNREACHABLE.includes(reason) || reason.startsWith(PROXY_ANSWERS);
  return { kind: 'retryable', scope: isUnreachable ? 'service' : 'request', reason };
}

interface Cause {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly cause?: Cause;
  readonly errors?: readonly Cause[];
}

/** `fetch` wraps the cause, and connecting to several addresses fails with an `AggregateError` of causes. */
function errorCode(error: unknown): string | undefined {
  let at = error as Cause | null | undefined;
  // Causes may go in a circle.
  for (let depth = 0; depth < 5; depth += 1) {
    if (typeof at?.code === 'string') return at.code;
    // Deno gives its errors no code.
    if (/(Connection|actively) refused/.test(`${at?.message}`)) return 'ECONNREFUSED';
    if (/dns error/.test(`${at?.message}`)) return 'ENOTFOUND';
    at = at?.cause ?? at?.errors?.[0];
  }
  return undefined;
}

/** Whole words only: half of a token that the service quotes would not be recognised as one and stay in the message. */
function shorten(message: unknown, otherwise: string): string {
  if (typeof message !== 'string') return otherwise;
  return message.length <= MAX_MESSAGE_LENGTH ? message : message.slice(0, MAX_MESSAGE_LENGTH).replace(/\S*$/, '…');
}
