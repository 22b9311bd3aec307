import { isOursError } from '../core/errors.js';
import type { Outcome, RejectionCode } from '../core/outcome.js';
import { withTimeout } from '../core/with-timeout.js';
import type { EventCatalog } from '../protocol/catalog.js';
import type { TrackInput } from '../protocol/event.js';
import type { Conversion, ConversionSink, WebhookIdentity } from './conversion.js';
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
  const { distinctId } = conversion;
  const opened = await openToken(visitorToken);
  if (opened.visitor === null && SUSPICIONS[opened.reason] !== undefined) {
    warn(
      `token ${opened.reason}`,
      `the visitor token of ${distinctId} ${SUSPICIONS[opened.reason]}. Without it, the event is reported only if identify() or the event itself has an identity.`,
    );
  }
  const { consent, ...visitor } = opened.visitor ?? {};
  const who = opened.visitor ? visitor : hasIdentity(event) ? undefined : await withTimeout(identify(), { signal });
  const userProperties = consent === undefined ? event.userProperties : { consent, ...event.userProperties };
  const input = { ...event, ...who, userProperties };
  if (!hasIdentity(input)) return { line: `${distinctId} is not reported: the visitor is not known`, retry: false };
  try {
    await ours.track(input as unknown as TrackInput<Catalog>).stored({ signal });
    return { line: `${distinctId} is stored`, retry: false };
  } catch (error) {
    return whyNotStored(conversion, error, warn);
  }
}

/** What is probably wrong with a token that does not open. */
const SUSPICIONS: Partial<Record<NoVisitorReason, string>> = {
  not_authentic:
    'cannot be opened with any of keys (not_authentic). It was sealed in another environment that uses the same provider account, or before `environment` was set (acceptUnbound opens those), or its key is missing: add the key and have the provider send the webhook again',
  malformed: 'is malformed: it was truncated or changed',
  expired: 'has expired: it is older than maxAgeMs',
};

function hasIdentity({ userId, externalId, email }: WebhookIdentity): boolean {
  return Boolean(userId || externalId || email);
}

function whyNotStored(
  { event, distinctId }: { readonly event: string; readonly distinctId: string },
  error: unknown,
  warn: ReporterOptions<EventCatalog>['warn'],
): Reported {
  const hasOutcome = isOursError(error) && (error.code === 'rejected' || error.code === 'not_stored');
  const outcome = hasOutcome ? (error.cause as Outcome) : undefined;
  if (outcome === undefined || outcome.status === 'delivered' || outcome.status === 'unknown') {
    // A timeout or a closed client: it may have arrived. A retry counts once.
    return { line: `${distinctId} could not be stored in time: retry`, retry: true };
  }
  if (outcome.status === 'rejected' && FIXABLE.has(outcome.code)) {
    warn(
      `${outcome.code} ${event}`,
      `${distinctId} is rejected: ${outcome.message} Fix the events of createClient. Until then the answer is 503, so that the provider retries.`,
    );
    const line = `${distinctId} does not match the events of createClient (${outcome.code}): fix them, and a retry stores it`;
    return { line, retry: true };
  }
  if (outcome.status === 'rejected') {
    return { line: `${distinctId} is rejected permanently: ${outcome.code}`, retry: false };
  }
  return isOursError(error) && !error.retryable
    ? { line: `${distinctId} is dropped permanently: ${outcome.reason}`, retry: false }
    : { line: `${distinctId} could not be stored (${outcome.reason}): retry`, retry: true };
}

/** The client's catalogue rejects the event. Providers retry for days, which leaves time to fix it. */
const FIXABLE: ReadonlySet<RejectionCode> = new Set(['unknown_event', 'invalid_name', 'invalid_properties']);
