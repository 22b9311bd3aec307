import type { Assignment, AssignOptions, Personalization } from '../assignment/assignment.js';
import type { ExperimentKey, VariantName } from '../assignment/experiment-catalog.js';
import { ASSIGN_OPTIONS, WAIT_OPTIONS } from '../assignment/question.js';
import { checkNames, fieldNames } from '../core/unknown-names.js';
import type { EventCatalog, EventName, EventProperties } from '../protocol/catalog.js';
import {
  type Checked,
  IDENTIFY_NAMES,
  type IdentifyInput,
  MISUSE,
  TRACK_OPTIONS,
  type TrackFields,
  type TrackInput,
} from '../protocol/event.js';
import type { DefaultProperties } from '../protocol/fields.js';
import { readMap } from '../protocol/properties.js';
import { type SessionState, sessionOf } from '../protocol/session.js';
import { IDENTIFY_EVENT } from '../protocol/wire.js';
import type { Receipt } from '../tracking/receipt.js';
import type { Client } from './client.js';
import type { OutgoingEvent } from './options.js';

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

const VISITOR_NAMES = fieldNames<VisitorInput>({
  userId: 1,
  externalId: 1,
  email: 1,
  sessionId: 1,
  session: 1,
  isFromLink: 1,
  testToken: 1,
  ip: 1,
  userAgent: 1,
  url: 1,
  defaultProperties: 1,
});

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

/** Two maps as one, in which the upper one's values win. One that cannot be read is returned, for the encoder to report. */
function overlay(
  lower: DefaultProperties | undefined,
  upper: DefaultProperties | undefined,
): DefaultProperties | undefined {
  if (!lower || !upper) return upper ?? lower;
  let current = lower;
  try {
    const below = readMap(lower);
    current = upper;
    return { ...below, ...readMap(upper) };
  } catch {
    return current;
  }
}

/** The properties are the second. */
const THIRD_ARGUMENT = 'the third argument, after the name and the properties,';

/** Binds a client to a visitor. */
export function createVisitor<Catalog extends EventCatalog>(
  client: Pick<Client<Catalog>, 'track' | 'identify' | 'assign' | 'personalization'>,
  input: VisitorInput,
): Visitor<Catalog> {
  const { userId, externalId, email, isFromLink, ip, userAgent, url, defaultProperties } = input;
  const { session, sessionId } = sessionOf(input);
  // An exposure is remembered for a session only if the goal will be in the same one.
  const lasting = session === 'active' ? sessionId : undefined;
  const identityContext = ip && userAgent ? { ip, userAgent } : undefined;
  const page = overlay(url ? { current_url: String(url).replace(/[?#].*/s, '') } : undefined, defaultProperties);
  // A visitor made of the wrong names must not cost the request: each of its events is refused.
  const misuse = checkNames(input, VISITOR_NAMES, 'visitor()');

  // Field by field: spreading two objects into a third would double the cost of a call.
  const filled = (
    own: VisitorTrackOptions,
    known: ReadonlySet<string>,
    event: string,
    eventProperties?: object,
  ): unknown => {
    try {
      const { defaultProperties: ownPage, userProperties } = own;
      const person = own.externalId ?? externalId ?? own.email ?? email ?? userProperties;
      // A stranger's link must not tie a person to the stranger's visitor.
      const isTied = !isFromLink || (event !== IDENTIFY_EVENT && person == null);
      return {
        [MISUSE]: misuse ?? checkNames(own, known, known === TRACK_OPTIONS ? THIRD_ARGUMENT : undefined),
        event,
        eventProperties,
        userId: own.userId ?? (isTied ? userId : undefined),
        externalId: own.externalId ?? externalId,
        email: own.email ?? email,
        sessionId: own.sessionId ?? (isTied ? sessionId : undefined),
        distinctId: own.distinctId,
        time: own.time,
        userProperties,
        defaultProperties: overlay(page, ownPage),
        identityContext: own.identityContext ?? identityContext,
      } satisfies OutgoingEvent & Checked;
    } catch {
      // What cannot be read here cannot be read by the client either, which says so in an outcome instead of throwing.
      return own;
    }
  };

  const asking = (call: string, options: object | undefined, known: ReadonlySet<string>) => ({
    [MISUSE]: misuse ?? (options && checkNames(options, known, call)),
    userId,
  });
  return Object.freeze({
    userId,
    externalId,
    session,
    sessionId,
    track: ((event: string, eventProperties?: object, own: VisitorTrackOptions = {}) =>
      client.track(
        filled(own, TRACK_OPTIONS, event, eventProperties) as TrackInput<Catalog>,
      )) as Visitor<Catalog>['track'],
    identify: (person: IdentifyInput) =>
      client.identify(filled(person, IDENTIFY_NAMES, IDENTIFY_EVENT) as IdentifyInput),
    // By the id the browser uses, so that both give the visitor the same variant.
    assign: <Key extends ExperimentKey<Catalog>>(
      experimentKey: Key,
      options?: AssignOptions<VariantName<Catalog, Key>>,
    ) =>
      client.assign(experimentKey, {
        sessionId: lasting,
        url,
        ...options,
        ...asking('assign()', options, ASSIGN_OPTIONS),
      }),
    personalization: (options?: Pick<AssignOptions, 'timeoutMs' | 'signal'>) =>
      client.personalization({ ...options, ...asking('personalization()', options, WAIT_OPTIONS) }),
  });
}
