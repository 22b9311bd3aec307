import { Refusal, typeName } from '../core/refusal.js';
import { checkNames, fieldNames } from '../core/unknown-names.js';
import type { CatalogCheck, EventCatalog, EventName, EventProperties } from './catalog.js';
import type { CampaignProperties, DefaultProperties } from './fields.js';
import { checkIdentity, checkSessionId, checkText, type Identity, toSid } from './identity.js';
import { MAX_EVENT_NAME_LENGTH, MAX_ID_LENGTH } from './limits.js';
import { isMap, type OnUnreadable, toPlain } from './properties.js';
import { type RowWriter, TOO_LARGE } from './row-writer.js';
import { type ClockReading, toEventTime } from './time.js';
import { IDENTIFY_EVENT, type WireIdentityContext } from './wire.js';
import { putIfAny, writeDefaultProperties, writeEventProperties, writeUserProperties } from './write-properties.js';

/** What a visitor has agreed to: purposes such as `marketing`, with `true`, `false` or the service's own words. */
export type Consent = Readonly<Record<string, string | boolean | null | undefined>>;

/** What the service knows of a person at the top level. `null` clears a stored value, `undefined` and `''` leave it. */
export interface UserProperties extends CampaignProperties {
  readonly email?: string | null | undefined;
  readonly external_id?: string | null | undefined;
  readonly phone_number?: string | null | undefined;
  readonly first_name?: string | null | undefined;
  readonly last_name?: string | null | undefined;
  readonly gender?: string | null | undefined;
  readonly date_of_birth?: string | Date | null | undefined;
  readonly city?: string | null | undefined;
  readonly state?: string | null | undefined;
  readonly zip?: string | number | null | undefined;
  readonly country?: string | null | undefined;
  readonly company_name?: string | null | undefined;
  readonly job_title?: string | null | undefined;
  /** Replaces the whole consent that is stored: pass every category. An empty map is not sent; values become strings. */
  readonly consent?: Consent | null | undefined;
  /** Your own properties. They are merged: `null`, `undefined` and `''` are ignored. */
  readonly custom_properties?: object | undefined;
  /** Whatever else the service documents, as strings. */
  readonly [name: string]: unknown;
}

/** What an event or an identify carries beside its name and properties. */
export interface EventFields extends Identity {
  /** The visitor's session; a goal without one is never counted. The browser's `sid_` prefix is removed. */
  readonly sessionId?: string | undefined;
  readonly userProperties?: UserProperties | undefined;
  /** What the page knew: current_url, referrer, utm_*, ad click ids. `sid` is set from `sessionId`. */
  readonly defaultProperties?: DefaultProperties | undefined;
  /** The end user's address and browser, never the server's. */
  readonly identityContext?: { readonly ip: string; readonly userAgent: string } | undefined;
}

/** What one event may say beside its name and properties. */
export interface TrackFields extends EventFields {
  /**
   * The idempotency key: the service counts the first event with it and ignores the others. Name the thing that happened,
   * such as `purchase:<payment id>`. 1–400 characters.
   * @default a random UUID of version 7, fixed before the first attempt
   */
  readonly distinctId?: string | undefined;
  /**
   * When it happened, as a Date or in milliseconds since the epoch; at most 7 days ago.
   * @default now
   */
  readonly time?: Date | number | undefined;
}

/** `eventProperties`, required where the event's schema has required properties. */
export type PropertiesField<Properties> =
  Record<never, never> extends Properties
    ? { readonly eventProperties?: Properties | undefined }
    : { readonly eventProperties: Properties };

/** One event. */
export type TrackInput<Catalog extends EventCatalog = EventCatalog> = {
  [Name in EventName<Catalog>]: TrackFields & { readonly event: Name } & PropertiesField<
      EventProperties<Catalog, Name>
    >;
}[EventName<Catalog>];

/** A person's names and properties. */
export type IdentifyInput = EventFields;

/** Where whoever made an input of others' has put the reason why it cannot be sent. */
export const MISUSE: unique symbol = Symbol('misuse');

/** An input that may have been found wrong before it is encoded. */
export interface Checked {
  readonly [MISUSE]?: Refusal | undefined;
}

const IDENTIFY_FIELDS: { readonly [Name in keyof EventFields]-?: 1 } = {
  userId: 1,
  externalId: 1,
  email: 1,
  sessionId: 1,
  userProperties: 1,
  defaultProperties: 1,
  identityContext: 1,
};
/** What an event may say besides its name and properties. */
export const TRACK_OPTIONS: ReadonlySet<string> = fieldNames<TrackFields>({
  ...IDENTIFY_FIELDS,
  distinctId: 1,
  time: 1,
});
/** What an identify may say. */
export const IDENTIFY_NAMES: ReadonlySet<string> = fieldNames<EventFields>(IDENTIFY_FIELDS);
const TRACK_NAMES: ReadonlySet<string> = new Set(['event', 'eventProperties', ...TRACK_OPTIONS]);
/** An identify as `beforeSend` sees it. */
const SENT_IDENTIFY_NAMES: ReadonlySet<string> = new Set(['event', ...IDENTIFY_NAMES]);
const CONTEXT_NAMES = fieldNames<WireIdentityContext>({ ip: 1, userAgent: 1 });

/** An event as the outbox keeps it and the wire carries it: serialised once, counted in bytes. */
export interface Entry {
  readonly kind: 'track' | 'identify';
  readonly distinctId: string;
  /** The event's name, for messages. */
  readonly event: string;
  /** The row's JSON text in UTF-8. A track's begins with its `time`. */
  readonly body: Uint8Array;
  /** Milliseconds since the epoch by the service's clock; when the event becomes too old follows from it. */
  readonly time: number;
  // Whose it is; entries that share one of the three are about the same visitor.
  readonly userId: string | undefined;
  readonly externalId: string | undefined;
  readonly email: string | undefined;
  /** What the one who appended it wants to find on it again. Only an outbox in this process's memory hands it back. */
  owner?: unknown;
  /** The trace context in which it was tracked: a W3C `traceparent`. */
  trace?: string | undefined;
  /** Whether its time follows an assignment's, and may be ahead. Only an outbox in this process's memory keeps it. */
  mayBeAhead?: boolean | undefined;
  /** Whether a request with it has been sent. Only an outbox in this process's memory keeps it. */
  wasSent?: boolean | undefined;
}

/** Room in an entry for what a memory outbox notes of it, so that a waiting event is one object instead of two. */
export interface OutboxNotes {
  /** Its place in the order of appends; 0 while no memory outbox has it. */
  sequence: number;
  /** The claim that holds it. */
  lease: unknown;
  /** The append that brought it. */
  arrival: unknown;
  /** When it may be claimed, by the monotonic clock. */
  availableAt: number;
}

/** The identifiers an entry has. */
export function identifiersOf({ userId, externalId, email }: Entry): string[] {
  return [userId, externalId, email].filter((identifier) => identifier !== undefined);
}

/** What encoding needs from outside. */
export interface EncodeContext {
  readonly clock: () => ClockReading;
  /** The earliest time of an event that a visitor causes now, in milliseconds since the epoch. @default any */
  readonly earliestFor?: (userId: string) => number;
  readonly randomId: () => string;
  readonly openRow: (maxBytes: number) => RowWriter;
  /** An event above this many bytes fits no request. */
  readonly maxBytes: number;
  readonly catalog: CatalogCheck | undefined;
  /** `defaultProperties.version` of an event that brings none. */
  readonly version: string | undefined;
  /** Who is told of unreadable properties of an event. Called for every event, so it should return the same function again. */
  readonly reporterFor: (event: string) => OnUnreadable;
}

/** Validates, normalises and serialises an event. Throws only what a hostile input's getters throw. */
export function encodeTrack(input: TrackInput, context: EncodeContext): Entry | Refusal {
  return encode('track', input, input, TRACK_NAMES, context);
}

/** Validates, normalises and serialises a person. Throws only what a hostile input's getters throw. */
export function encodeIdentify(input: IdentifyInput, context: EncodeContext): Entry | Refusal {
  const isSent = (input as Partial<TrackInput> | null | undefined)?.event === IDENTIFY_EVENT;
  const known = isSent ? SENT_IDENTIFY_NAMES : IDENTIFY_NAMES;
  return encode('identify', input, { event: IDENTIFY_EVENT }, known, context);
}

/** `happening` is the input again where that may hold what only events have. */
function encode(
  kind: Entry['kind'],
  input: EventFields,
  happening: TrackInput,
  known: ReadonlySet<string>,
  context: EncodeContext,
): Entry | Refusal {
  if (typeof input !== 'object' || input === null) {
    return new Refusal('invalid_field', `${kind}() takes one object; got ${typeName(input)}.`);
  }
  const misuse = (input as Checked)[MISUSE] ?? checkNames(input, known);
  if (misuse !== undefined) return misuse;
  const isTrack = kind === 'track';
  const { event } = happening;
  const userId = orNothing(input.userId);
  const externalId = orNothing(input.externalId);
  const email = orNothing(input.email);
  // Read once: a getter may answer differently the second time.
  const givenId = happening.distinctId;
  const distinctId = givenId ?? context.randomId();
  const { sessionId, userProperties, defaultProperties, identityContext } = input;
  const refusal =
    (isTrack ? checkName(event) : undefined) ??
    checkIdentity(userId, externalId, email) ??
    (givenId == null ? undefined : checkText('distinctId', givenId, MAX_ID_LENGTH)) ??
    checkSessionId(sessionId) ??
    checkMap('userProperties', userProperties) ??
    checkMap('defaultProperties', defaultProperties) ??
    checkMap('identityContext', identityContext) ??
    (identityContext == null ? undefined : checkNames(identityContext, CONTEXT_NAMES, 'identityContext'));
  if (refusal !== undefined) return refusal;

  const clock = context.clock();
  const stated = toEventTime(happening.time, clock);
  if (stated instanceof Refusal) return stated;
  const isNow = isTrack && userId !== undefined && (happening.time ?? undefined) === undefined;
  const earliest = (isNow ? context.earliestFor?.(userId) : undefined) ?? 0;
  const time = Math.max(stated, earliest);
  let properties: unknown = happening.eventProperties;
  if (isTrack && context.catalog !== undefined) {
    properties = context.catalog(event, isMap(properties) ? toPlain(properties) : properties);
    if (properties instanceof Refusal) return properties;
  }
  const misfit = checkMap('eventProperties', properties);
  if (misfit !== undefined) return misfit;

  const onUnreadable = context.reporterFor(event);
  const { maxBytes } = context;
  let body: Uint8Array;
  try {
    const row = context.openRow(maxBytes);
    if (isTrack) {
      // First, so that it can be replaced in the JSON.
      row.put('time', time);
      row.put('event', event);
      row.put('distinctId', distinctId);
    }
    putIfAny(row, 'userId', userId);
    putIfAny(row, 'externalId', externalId);
    putIfAny(row, 'email', email);
    writeEventProperties(row, properties as object | null | undefined, onUnreadable);
    // [A] An identifier only looks a person up; as a property it is also remembered.
    writeUserProperties(row, userProperties, isTrack ? undefined : { email, external_id: externalId }, onUnreadable);
    writeDefaultProperties(row, defaultProperties, { sid: toSid(sessionId), version: context.version }, onUnreadable);
    writeIdentityContext(row, identityContext);
    body = row.finish();
  } catch (error) {
    if (error !== TOO_LARGE) throw error;
    return tooLarge(event, `over ${maxBytes}`, maxBytes);
  }
  if (body.length > maxBytes) return tooLarge(event, body.length, maxBytes);
  const entry: Entry & OutboxNotes = {
    kind,
    distinctId,
    event,
    body,
    time,
    userId,
    externalId,
    email,
    owner: undefined,
    trace: undefined,
    mayBeAhead: earliest > 0 && earliest > clock.earliest,
    wasSent: false,
    sequence: 0,
    lease: undefined,
    arrival: undefined,
    availableAt: 0,
  };
  return entry;
}

/** The refusal of an event that fits no request. */
function tooLarge(event: string, bytes: number | string, maxBytes: number): Refusal {
  return new Refusal(
    'event_too_large',
    `event '${event.slice(0, 80)}' is ${bytes} bytes; the limit is ${maxBytes}. Send a reference instead of the content.`,
  );
}

/** The name that was found fine last: a process sends many events of few names. */
let lastFine: unknown = Symbol('none');

/** Checks an event's name; `undefined` means it is fine. */
export function checkName(event: unknown): Refusal | undefined {
  if (event === lastFine) return undefined;
  if (typeof event === 'string' && event.startsWith('$')) {
    return new Refusal(
      'reserved_name',
      `names starting with '$' are reserved by the service: choose another, and for '${IDENTIFY_EVENT}' call identify().`,
    );
  }
  const refusal = checkText('event', event, MAX_EVENT_NAME_LENGTH);
  if (refusal === undefined) lastFine = event;
  return refusal;
}

/** Whether a value is a map of purposes. A promise is none. */
export function isConsent(value: unknown): value is Consent {
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return false;
  return Object.values(value).every(
    (given) => given == null || typeof given === 'boolean' || typeof given === 'string',
  );
}

function checkMap(field: string, value: unknown): Refusal | undefined {
  if (value == null || isMap(value)) return undefined;
  return new Refusal('invalid_field', `${field} must be an object of names and values; got ${typeName(value)}.`);
}

/** An empty or absent name names nobody; anything else that is not text is reported by {@link checkIdentity}. */
function orNothing(identifier: string | null | undefined): string | undefined {
  return identifier === null || identifier === '' ? undefined : identifier;
}

/** The service refuses half a context; half a context is worth less than the event. */
function writeIdentityContext(row: RowWriter, context: Partial<WireIdentityContext> | null | undefined): void {
  if (context == null) return;
  const { ip, userAgent } = context;
  if (!isFilled(ip) || !isFilled(userAgent)) return;
  row.open('identityContext');
  row.put('ip', ip);
  row.put('userAgent', userAgent);
  row.close();
}

function isFilled(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
