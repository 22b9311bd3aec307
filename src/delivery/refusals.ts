import type { Undelivered } from '../core/outcome.js';
import type { Entry } from '../protocol/event.js';
import type { ClockReading } from '../protocol/time.js';
import type { SendResult } from '../transport/send-result.js';
import { sizeOf } from './batch.js';
import { isRefusedForAge } from './sent-time.js';

/* The outcomes of events that the service refused. */

/** An event that is given up without asking the service again. */
export const TOO_OLD: Undelivered = { status: 'dropped', reason: 'too_old' };

const REFUSED_AS_TOO_OLD: Undelivered = { ...TOO_OLD, message: 'the service refused it: older than 7 days.' };

/** The outcome of a row that the service refused with this message. */
export function refusalOfRow(entry: Entry, message: string, clock: ClockReading, token: string): Undelivered {
  return isRefusedForAge(entry, message, clock)
    ? REFUSED_AS_TOO_OLD
    : { status: 'rejected', code: 'invalid_event', message: scrub(message, token) };
}

/** The outcome of the events of a request that the service refused. */
export function refusalOf(
  result: SendResult & { readonly kind: 'tooLarge' | 'rejected' },
  entries: readonly Entry[],
  token: string,
): Undelivered {
  return result.kind === 'tooLarge'
    ? {
        status: 'rejected',
        code: 'event_too_large',
        message: `the service takes no event of ${sizeOf(entries)} bytes (HTTP 413).`,
      }
    : {
        status: 'rejected',
        code: 'http_error',
        message: `the service refused the event (HTTP ${result.status}): ${scrub(result.message, token)}`,
      };
}

/**
 * Shorter tokens are not removed from messages: they are ordinary words of tests and examples. A secret is longer.
 */
const MIN_SECRET_LENGTH = 8;

/** Removes the token and email addresses: a service may quote the request in its error. */
export function scrub(message: string, token: string): string {
  const safe = token.length < MIN_SECRET_LENGTH ? message : message.replaceAll(token, '[token]');
  return safe.replace(/[^\s'"<>]+@[^\s'"<>]+/g, '[email]');
}
