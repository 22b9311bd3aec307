import { isOursError } from '../core/errors.js';
import type { Outcome, RejectionCode } from '../core/outcome.js';
import type { SecretKey } from '../core/secret-key.js';
import { withTimeout } from '../core/with-timeout.js';
import type { EventCatalog } from '../protocol/catalog.js';
import type { TrackInput } from '../protocol/event.js';
import type { Conversion, ConversionSink, WebhookIdentity } from './conversion.js';
import { type NoVisitorReason, type OpenOptions, openVisitor } from './visitor-token.js';

/** What became of one conversion. */
export interface Reported {
  /** For whoever looks at the delivery in the provider's dashboard: a payment's id and what happened, nothing personal. */
  readonly line: string;
  /** Whether the provider should send the webhook again. */
  readonly isLost: boolean;
}

/** What reporting needs. */
export interface ReporterOptions<Catalog extends EventCatalog> {
  readonly ours: ConversionSink<Catalog>;
  readonly keys: readonly SecretKey[];
  readonly opening: OpenOptions;
  readonly warn: (topic: string, message: string) => void;
}

/**
 * Reports a conversion and waits until it is safe.
 * @throws what `identify` throws, and the signal's reason when that takes too long
 */
export async function report<Catalog extends EventCatalog>(
  conversion: Conversion<Catalog>,
  identify: () => WebhookIdentity | undefined | Promise<WebhookIdentity | undefined>,
  signal: AbortSignal,
  { ours, keys, opening, warn }: ReporterOptions<Catalog>,
): Promise<Reported> {
  const { visitorToken, ...event } = conversion;
  const { distinctId } = conversion;
  const opened = await openVisitor(visitorToken, keys, opening);
  if (opened.visitor === null && SUSPICIONS[opened.reason] !== undefined) {
    warn(
      `token ${opened.reason}`,
      `the visitor token of ${distinctId} ${SUSPICIONS[opened.reason]}. The event is reported without it where identify() or the event names somebody, else not at all.`,
    );
  }
  const who = opened.visitor ?? (namesSomebody(event) ? undefined : await withTimeout(identify(), { signal }));
  const input = { ...event, ...who };
  if (!namesSomebody(input)) {
    return { line: `${distinctId} is not reported: nobody is known for it`, isLost: false };
  }
  try {
    await ours.track(input as unknown as TrackInput<Catalog>).stored({ signal });
    return { line: `${distinctId} is stored`, isLost: false };
  } catch (error) {
    return whyNotStored(conversion, error, warn);
  }
}

/** What is likely to be wrong with a token that should have opened. */
const SUSPICIONS: Partial<Record<NoVisitorReason, string>> = {
  not_authentic:
    'is opened by none of keys (not_authentic): you sealed it in another environment, whose payments the same account tells of, or before `environment` was set (acceptUnbound opens those), or its key is missing from keys; add the key and have the provider send the webhook again',
  malformed: 'is none (malformed): it was cut or changed on its way',
  expired: 'is older than maxAgeMs (expired)',
};

function namesSomebody({ userId, externalId, email }: WebhookIdentity): boolean {
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
    // Out of time, or the client was closed: perhaps it arrives all the same. Sent again it counts once.
    return { line: `${distinctId} could not be stored in time: send it again`, isLost: true };
  }
  if (outcome.status === 'rejected' && MENDABLE.has(outcome.code)) {
    warn(
      `${outcome.code} ${event}`,
      `${distinctId} is refused: ${outcome.message} Mend the events of createClient; until then it is answered 503, so that the provider sends it again.`,
    );
    const line = `${distinctId} does not fit the events of createClient (${outcome.code}): mend them, it is stored when it is sent again`;
    return { line, isLost: true };
  }
  if (outcome.status === 'rejected') {
    return { line: `${distinctId} is refused for good: ${outcome.code}`, isLost: false };
  }
  return isOursError(error) && !error.retryable
    ? { line: `${distinctId} is dropped for good: ${outcome.reason}`, isLost: false }
    : { line: `${distinctId} could not be stored (${outcome.reason}): send it again`, isLost: true };
}

/** The client's catalogue says so, and providers send again for days: enough to mend it. */
const MENDABLE: ReadonlySet<RejectionCode> = new Set(['unknown_event', 'invalid_name', 'invalid_properties']);
