import type { Assignment, AssignOptions, Personalization } from '../assignment/assignment.js';
import type { ExperimentKey, VariantName } from '../assignment/experiment-catalog.js';
import type { EventCatalog, EventName, EventProperties } from '../protocol/catalog.js';
import type { Consent, IdentifyInput, TrackFields } from '../protocol/event.js';
import type { DefaultProperties } from '../protocol/fields.js';
import type { SessionState } from '../protocol/session.js';
import type { Receipt } from '../tracking/receipt.js';

/** The visitor of a request, as an adapter reads it from cookies and headers. */
export interface VisitorInput {
  /** The Ours visitor id: the cookie `ours_device_id`. */
  readonly userId?: string | undefined;
  /** Your id of the person. */
  readonly externalId?: string | undefined;
  readonly email?: string | undefined;
  /** The browser's session: key `sid` of the cookie `_cord_sdk_data`. Without it no goal is counted. */
  readonly sessionId?: string | undefined;
  /** Whether that session lasts. @default `active` with a `sessionId`, `unknown` without */
  readonly session?: SessionState | undefined;
  /**
   * Whether the visitor id comes from a link. Then `identify` and events with `externalId`, `email` or `userProperties` are sent
   * without this `userId` and its session: the link may be another person's. @default false
   */
  readonly isFromLink?: boolean | undefined;
  /**
   * What the visitor has agreed to. Every event carries it as `userProperties.consent`, which replaces the stored consent, and a
   * visitor token takes it along. Not for a visitor from a link.
   */
  readonly consent?: Consent | undefined;
  /** The value of `ours_test_token`: if it equals the client's `testToken`, this visit is in test mode. */
  readonly testToken?: string | undefined;
  /** The end user's address, never the server's. */
  readonly ip?: string | undefined;
  /** The end user's browser. */
  readonly userAgent?: string | undefined;
  /** The page, for experiments that target URLs. Events carry it without its query, which may contain personal data. */
  readonly url?: string | undefined;
  /** Properties of the page: referrer, utm_*, ad click ids. */
  readonly defaultProperties?: DefaultProperties | undefined;
}

/** `properties` is optional if the schema of the event requires none. */
export type TrackArguments<Properties, Options> =
  Record<never, never> extends Properties
    ? [properties?: Properties, options?: Options]
    : [properties: Properties, options?: Options];

/**
 * The other fields of a visitor's event. They take precedence over the visitor's fields; an event with another visitor's `userId`
 * has none of those.
 */
export type VisitorTrackOptions = Partial<TrackFields>;

/** A client that is bound to one visitor. */
export interface Visitor<Catalog extends EventCatalog = EventCatalog> {
  readonly userId: string | undefined;
  readonly externalId: string | undefined;
  /** Whether the id comes from a link: a visitor token carries it. */
  readonly isFromLink: boolean;
  /** The state of the browser's session. */
  readonly session: SessionState;
  /** The session id of events: `undefined` unless the session is `active` or `uncertain`. */
  readonly sessionId: string | undefined;
  /** What the visitor has agreed to. */
  readonly consent: Consent | undefined;
  /** See {@link Client.track}. */
  track<Name extends EventName<Catalog>>(
    event: Name,
    ...rest: TrackArguments<EventProperties<Catalog, Name>, VisitorTrackOptions>
  ): Receipt;
  /** See {@link Client.identify}. */
  identify(input: IdentifyInput): Receipt;
  /** See {@link Client.assign}. */
  assign<Key extends ExperimentKey<Catalog>>(
    experimentKey: Key,
    options?: AssignOptions<VariantName<Catalog, Key>>,
  ): Promise<Assignment<VariantName<Catalog, Key>>>;
  /** See {@link Client.personalization}. */
  personalization(options?: Pick<AssignOptions, 'timeoutMs' | 'signal'>): Promise<readonly Personalization[]>;
}
