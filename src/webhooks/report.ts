import { isOursError } from '../core/errors.js';
import type { Outcome, RejectionCode } from '../core/outcome.js';
import { typeName } from '../core/refusal.js';
import { ignoreRejection, isPromise } from '../core/user-call.js';
import { withTimeout } from '../core/with-timeout.js';
import type { EventCatalog } from '../protocol/catalog.js';
import type { TrackInput } from '../protocol/event.js';
import { isTimely, isTooOld } from '../protocol/time.js';
import type { Conversion, ConversionSink, WebhookIdentity } from './conversion.js';
import type { TokenVisitor } from './token/layout.js';
import type { NoVisitorReason, VisitorOpener } from './token/open-visitor.js';

/** The result for one conversion. */
export interface Reported {
  /** For the provider's dashboard: a payment's id and what happened, nothing personal. */
  readonly line: string;
  /** Whether the provider should retry. */
  readonly retry: boolean;
}

export interface ReporterOptions<Catalog extends EventCatalog> {
  readonly ours: ConversionSink<Catalog>;
  readonly openToken: VisitorOpener;
  readonly warn: (topic: string, message: string) => void;
}

/**
 * Reports a conversion and waits until it is stored.
 * @throws what `identify` throws, or the signal's reason if that takes too long
 */
export async function report<Catalog extends EventCatalog>(
  conversion: Conversion<Catalog>,
  identify: () => WebhookIdentity | undefined | Promise<WebhookIdentity | undefined>,
  signal: AbortSignal,
  { ours, openToken, warn }: ReporterOptions<Catalog>,
): Promise<Reported> {
  const { visitorToken, ...event } = conversion;
  if (typeof event.distinctId !== 'string' || event.distinctId === '') {
    const given: unknown = event.distinctId;
    // As `purchaseId` returns one with a secret. It rejects if that is not set, and must not end the process.
    if (isPromise(given)) ignoreRejection(given);
    // With a generated id, every redelivery would count again.
    warn(
      'no id',
      `a conversion has no distinctId (got ${typeName(given)}), so that a repetition would count twice. Make it from the payment's id. Until then the answer is 503, so that the provider retries.`,
    );
    return { line: 'a conversion has no distinctId: fix conversions(), and a retry stores it', retry: true };
  }
  const opened = await openToken(visitorToken);
  const { consent, isFromLink, ...visitor }: Partial<TokenVisitor> = opened.visitor ?? {};
  // Another person's link must not connect this person to that visitor.
  const isTied = !isFromLink || (event.externalId ?? event.email ?? event.userProperties) == null;
  const ask = async (): Promise<WebhookIdentity | undefined> => withTimeout(identify(), { signal });
  let who: WebhookIdentity;
  if (opened.visitor && isTied) {
    const sessionId = visitor.sessionId ?? sessionOf(visitor, event) ?? sessionOf(visitor, await ask());
    who = { ...visitor, sessionId };
  } else {
    const found = hasIdentity(event) ? undefined : await ask();
    who = { ...found, sessionId: found?.sessionId ?? event.sessionId };
  }
  const userProperties = consent === undefined ? event.userProperties : { consent, ...event.userProperties };
  const input = { ...event, ...who, userProperties };
  const receipt = hasIdentity(input) ? ours.track(input as unknown as TrackInput<Catalog>) : undefined;
  if (opened.visitor === null && SUSPICIONS[opened.reason] !== undefined) {
    warn(
      `token ${opened.reason}`,
      // The client has replaced an id that its guard took for personal.
      `the visitor token of ${receipt?.distinctId ?? 'an event'} ${SUSPICIONS[opened.reason]}. Without it, the event is reported only if identify() or the event itself has an identity.`,
    );
  }
  if (receipt === undefined) {
    return { line: `${event.distinctId} is not reported: the visitor is not known`, retry: false };
  }
  try {
    await receipt.stored({ signal });
    return { line: `${receipt.distinctId} is stored`, retry: false };
  } catch (error) {
    return whyNotStored(event, receipt.distinctId, error, warn);
  }
}

/** What is probably wrong with a token that does not open. */
const SUSPICIONS: Partial<Record<NoVisitorReason, string>> = {
  not_authentic:
    'cannot be opened with any of keys (not_authentic). It was sealed in another environment that uses the same provider account, or before `environment` was set (acceptUnbound opens those), or its key is missing: add the key and have the provider send the webhook again',
  malformed: 'is malformed: it was truncated or changed',
  expired: 'has expired: it is older than maxAgeMs',
};

/**
 * The session that the event or `identify` names for the token's visitor: a token that was sealed before the session began has
 * none. Not one that belongs to another visitor.
 */
function sessionOf({ userId }: WebhookIdentity, found: WebhookIdentity | undefined): string | undefined {
  return found?.userId && found.userId !== userId ? undefined : found?.sessionId;
}

function hasIdentity({ userId, externalId, email }: WebhookIdentity): boolean {
  return Boolean(userId || externalId || email);
}

function whyNotStored(
  { event, time }: { readonly event: string; readonly time?: Date | number | undefined },
  name: string,
  error: unknown,
  warn: ReporterOptions<EventCatalog>['warn'],
): Reported {
  const hasOutcome = isOursError(error) && (error.code === 'rejected' || error.code === 'not_stored');
  const outcome = hasOutcome ? (error.cause as Outcome) : undefined;
  if (outcome === undefined || outcome.status === 'delivered' || outcome.status === 'unknown') {
    // A timeout or a closed client: it may have arrived. A retry counts once.
    return { line: `${name} could not be stored in time: retry`, retry: true };
  }
  if (outcome.status === 'rejected') {
    if (BEYOND_REPAIR.has(outcome.code) || (outcome.code === 'invalid_time' && isPast(Number(time), Date.now()))) {
      return { line: `${name} is rejected permanently: ${outcome.code}`, retry: false };
    }
    warn(
      `${outcome.code} ${event}`,
      `${name} is rejected: ${outcome.message} ${REPAIRS[outcome.code] ?? 'Fix conversions() or the options of createClient.'} Until then the answer is 503, so that the provider retries.`,
    );
    return {
      line: `${name} is rejected (${outcome.code}): fix it, see the server's log, and a retry stores it`,
      retry: true,
    };
  }
  return isOursError(error) && !error.retryable
    ? { line: `${name} is dropped permanently: ${outcome.reason}`, retry: false }
    : { line: `${name} could not be stored (${outcome.reason}): retry`, retry: true };
}

/** Whether the service would refuse this time for its age. Seconds instead of milliseconds are a mistake. */
function isPast(time: number, now: number): boolean {
  return isTooOld(time, now) && !isTimely(time * 1000, now);
}

/**
 * No change of the code would have the event accepted. Everything else is a mistake in the code or its options: providers retry
 * for days, which leaves time to fix it.
 */
const BEYOND_REPAIR: ReadonlySet<RejectionCode> = new Set(['no_identity', 'invalid_event', 'http_error']);

const CATALOGUE = 'Fix the events of createClient.';
const REPAIRS: Partial<Record<RejectionCode, string>> = {
  unknown_event: CATALOGUE,
  invalid_name: CATALOGUE,
  invalid_properties: CATALOGUE,
  before_send_failed: 'Fix beforeSend.',
};
