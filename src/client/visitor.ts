import type { Assignment, AssignOptions, Personalization } from '../assignment/assignment.js';
import type { ExperimentKey, VariantName } from '../assignment/experiment-catalog.js';
import type { EventCatalog, EventName, EventProperties } from '../protocol/catalog.js';
import type { IdentifyInput, TrackFields } from '../protocol/event.js';
import type { DefaultProperties } from '../protocol/fields.js';
import type { SessionState } from '../protocol/session.js';
import type { Receipt } from '../tracking/receipt.js';

/** Who a request comes from, as an adapter reads it off cookies and headers. */
export interface VisitorInput {
  /** The Ours visitor id: the cookie `ours_device_id`. */
  readonly userId?: string | undefined;
  /** Your own id of the person. */
  readonly externalId?: string | undefined;
  readonly email?: string | undefined;
  /** The browser's session: key `sid` of the cookie `_cord_sdk_data`. Without it no goal is counted. */
  readonly sessionId?: string | undefined;
  /** Whether that session lasts. @default `active` with a `sessionId`, `unknown` without */
  readonly session?: SessionState | undefined;
  /**
   * Whether a link named the visitor. What tells of a person, `identify` and events with `externalId`, `email` or
   * `userProperties`, goes without this `userId` and its session then: the link may be a stranger's. @default false
   */
  readonly isFromLink?: boolean | undefined;
  /** What `ours_test_token` says: with the client's `testToken` in it, this is a visit in test mode. */
  readonly testToken?: string | undefined;
  /** The end user's address, never the server's. */
  readonly ip?: string | undefined;
  /** The end user's browser. */
  readonly userAgent?: string | undefined;
  /** The page, for experiments that target URLs. Events carry it without its query, which may hold anything. */
  readonly url?: string | undefined;
  /** What the page knew: referrer, utm_*, ad click ids. */
  readonly defaultProperties?: DefaultProperties | undefined;
}

/** `properties` may be left out where the event's schema requires none. */
export type TrackArguments<Properties, Options> =
  Record<never, never> extends Properties
    ? [properties?: Properties, options?: Options]
    : [properties: Properties, options?: Options];

/** What a visitor's event may say beside its name and properties; its own fields win over the visitor's. */
export type VisitorTrackOptions = Partial<TrackFields>;

/** A client that knows whose events it sends. */
export interface Visitor<Catalog extends EventCatalog = EventCatalog> {
  readonly userId: string | undefined;
  readonly externalId: string | undefined;
  /** Whether the browser's session lasts. */
  readonly session: SessionState;
  /** The session that events are stamped with: `undefined` unless it is `active` or `uncertain`. */
  readonly sessionId: string | undefined;
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
