import type { Undelivered } from '../core/outcome.js';
import type { Entry } from '../protocol/event.js';
import type { ClockReading } from '../protocol/time.js';
import type { SendResult } from '../transport/send-result.js';
import { sizeOf } from './batch.js';
import { isPastAge } from './sent-time.js';

/* What a user is told of an event that the service refused. */

export const TOO_OLD: Undelivered = { status: 'dropped', reason: 'too_old' };

/** For a row of a batch that the service refused with this message. */
export function refusalOfRow(entry: Entry, message: string, clock: ClockReading, token: string): Undelivered {
  return isPastAge(entry, clock)
    ? TOO_OLD
    : { status: 'rejected', code: 'invalid_event', message: scrub(message, token) };
}

/** For a request that the service refused, with only these events in it. */
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
 * Shorter tokens are left as they are: they are ordinary words or letters, of tests and examples, and no message could be read
 * without them. A secret is longer.
 */
const MIN_SECRET_LENGTH = 8;

/** A service that quotes the request in its complaint must put neither the token nor an address into our messages. */
function scrub(message: string, token: string): string {
  const safe = token.length < MIN_SECRET_LENGTH ? message : message.replaceAll(token, '[token]');
  return safe.replace(/[^\s'"<>]+@[^\s'"<>]+/g, '[email]');
}
