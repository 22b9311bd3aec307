import type { CatalogCheck, EventCatalog, EventName, EventProperties } from './catalog.js';
import { checkIdentity, checkText, type Identity, toSid } from './identity.js';
import { MAX_EVENT_NAME_LENGTH, MAX_ID_LENGTH } from './limits.js';
import { type OnUnreadable, toDefaultProperties, toEventProperties, toUserProperties } from './properties.js';
import { Refusal, typeName } from './refusal.js';
import { type ClockReading, toEventTime } from './time.js';
import {
  IDENTIFY_EVENT,
  type WireIdentify,
  type WireIdentity,
  type WireIdentityContext,
  type WireTrack,
} from './wire.js';

/** What the service knows of a person at the top level. `null` clears a stored value, `undefined` and `''` leave it. */
export interface UserProperties {
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
  readonly consent?: Readonly<Record<string, string | boolean | null | undefined>> | undefined;
  /** Your own properties. They are merged: `null`, `undefined` and `''` are ignored. */
  readonly custom_properties?: object | undefined;
  /** utm_*, ad click ids and whatever else the service documents. */
  readonly [name: string]: unknown;
}

/** What an event or an identify carries beside its name and properties. */
export interface EventFields extends Identity {
  /** The visitor's session; a goal without one is never counted. The browser's `sid_` prefix is removed. */
  readonly sessionId?: string | undefined;
  readonly userProperties?: UserProperties | undefined;
  /** What the page knew: current_url, referrer, utm_*, ad click ids. `sid` is set from `sessionId`. */
  readonly defaultProperties?: object | undefined;
  /** The end user's address and browser, never the server's. */
  readonly identityContext?: { readonly ip: string; readonly userAgent: string } | undefined;
}

/** What one event may say beside its name and properties. */
export interface TrackFields extends EventFields {
  /**
   * The idempotency key: the service counts the first event with it and ignores the others. Name the thing that happened,
   * such as `purchase:<payment id>`. 1–400 characters.
   * @default a random UUID, fixed before the first attempt
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

/** An event as the outbox keeps it and the wire carries it: serialised once, counted in bytes. */
export interface Entry {
  readonly kind: 'track' | 'identify';
  readonly distinctId: string;
  /** The event's name, for messages. */
  readonly event: string;
  /** The row's JSON text. A track's begins with its `time`. */
  readonly body: string;
  /** UTF-8 length of `body`. */
  readonly bytes: number;
  /** Milliseconds since the epoch by the service's clock; when the event becomes too old follows from it. */
  readonly time: number;
  /** `userId`, `externalId` and `email`, as far as given. Entries that share one are about the same visitor. */
  readonly identifiers: readonly string[];
}

/** What encoding needs from outside. */
export interface EncodeContext {
  readonly clock: () => ClockReading;
  readonly randomId: () => string;
  /** An event above this many bytes fits no request. */
  readonly maxBytes: number;
  readonly catalog: CatalogCheck | undefined;
  readonly onUnreadable: (event: string, property: string) => void;
}

/** Validates, normalises and serialises an event. Throws only what a hostile input's getters throw. */
export function encodeTrack(input: TrackInput, context: EncodeContext): Entry | Refusal {
  if (typeof input !== 'object' || input === null) return notAnObject('track', input);
  const event: unknown = input.event;
  const identity = readIdentity(input);
  const distinctId: unknown = input.distinctId ?? context.randomId();
  const refusal =
    checkName(event) ??
    checkIdentity(identity) ??
    checkText('distinctId', distinctId, MAX_ID_LENGTH) ??
    checkMaps(input);
  if (refusal !== undefined) return refusal;
  const name = event as string;

  const time = toEventTime(input.time, context.clock());
  if (time instanceof Refusal) return time;
  const properties =
    context.catalog === undefined ? input.eventProperties : context.catalog.check(name, input.eventProperties);
  if (properties instanceof Refusal) return properties;
  const misfit = checkMap('eventProperties', properties);
  if (misfit !== undefined) return misfit;

  const onUnreadable: OnUnreadable = (property) => context.onUnreadable(name, property);
  const row: WireTrack = { time, event: name, distinctId: distinctId as string, ...identity };
  if (properties !== undefined && properties !== null) {
    row.eventProperties = toEventProperties(properties as object, onUnreadable);
  }
  if (input.userProperties != null) row.userProperties = toUserProperties(input.userProperties, onUnreadable);
  addContext(row, input, onUnreadable);
  return toEntry('track', name, row.distinctId!, row, identity, time, context.maxBytes);
}

/** Validates, normalises and serialises a person. Throws only what a hostile input's getters throw. */
export function encodeIdentify(input: IdentifyInput, context: EncodeContext): Entry | Refusal {
  if (typeof input !== 'object' || input === null) return notAnObject('identify', input);
  const identity = readIdentity(input);
  const refusal = checkIdentity(identity) ?? checkMaps(input);
  if (refusal !== undefined) return refusal;

  const onUnreadable: OnUnreadable = (property) => context.onUnreadable(IDENTIFY_EVENT, property);
  const userProperties = toUserProperties(input.userProperties ?? {}, onUnreadable);
  // [A] An identifier only looks a person up; as a property it is also remembered.
  if (identity.email !== undefined) userProperties.email ??= identity.email;
  if (identity.externalId !== undefined) userProperties.external_id ??= identity.externalId;
  const row: WireIdentify = { ...identity, userProperties };
  addContext(row, input, onUnreadable);
  const time = Math.trunc(context.clock().service);
  return toEntry('identify', IDENTIFY_EVENT, context.randomId(), row, identity, time, context.maxBytes);
}

function notAnObject(call: string, input: unknown): Refusal {
  return new Refusal('invalid_field', `${call}() takes one object; got ${typeName(input)}.`);
}

function checkName(event: unknown): Refusal | undefined {
  if (typeof event === 'string' && event.startsWith('$')) {
    return new Refusal(
      'reserved_name',
      event === IDENTIFY_EVENT
        ? "event '$identify' is sent by identify(): call that instead."
        : "names starting with '$' are reserved by the service: choose another event name.",
    );
  }
  return checkText('event', event, MAX_EVENT_NAME_LENGTH);
}

function checkMap(field: string, value: unknown): Refusal | undefined {
  if (value === undefined || value === null || (typeof value === 'object' && !Array.isArray(value))) return undefined;
  return new Refusal('invalid_field', `${field} must be an object of names and values; got ${typeName(value)}.`);
}

function checkMaps(input: EventFields): Refusal | undefined {
  return checkMap('userProperties', input.userProperties) ?? checkMap('defaultProperties', input.defaultProperties);
}

/** An empty or absent name names nobody; anything else that is not text is reported by {@link checkIdentity}. */
function readIdentity(input: Identity): WireIdentity {
  const identity: WireIdentity = {};
  const { userId, externalId, email } = input;
  if (isGiven(userId)) identity.userId = userId;
  if (isGiven(externalId)) identity.externalId = externalId;
  if (isGiven(email)) identity.email = email;
  return identity;
}

function isGiven<Value>(value: Value | undefined | null): value is Value {
  return value !== undefined && value !== null && value !== '';
}

function addContext(
  row: { defaultProperties?: Record<string, unknown>; identityContext?: WireIdentityContext },
  input: EventFields,
  onUnreadable: OnUnreadable,
): void {
  const sid = toSid(input.sessionId);
  if (input.defaultProperties != null) {
    row.defaultProperties = toDefaultProperties(input.defaultProperties, onUnreadable);
    const ownSid = sid ?? toSid(row.defaultProperties.sid);
    if (ownSid === undefined) delete row.defaultProperties.sid;
    else row.defaultProperties.sid = ownSid;
  } else if (sid !== undefined) {
    row.defaultProperties = { sid };
  }
  // The service refuses half a context; half a context is worth less than the event.
  const { ip, userAgent } = input.identityContext ?? {};
  if (typeof ip === 'string' && ip !== '' && typeof userAgent === 'string' && userAgent !== '') {
    row.identityContext = { ip, userAgent };
  }
}

function toEntry(
  kind: Entry['kind'],
  event: string,
  distinctId: string,
  row: object,
  identity: WireIdentity,
  time: number,
  maxBytes: number,
): Entry | Refusal {
  const body = JSON.stringify(row);
  const bytes = byteLength(body);
  if (bytes > maxBytes) {
    return new Refusal(
      'event_too_large',
      `event '${event.slice(0, 80)}' is ${bytes} bytes; the limit is ${maxBytes}. Send a reference instead of the content.`,
    );
  }
  const identifiers: string[] = [];
  if (identity.userId !== undefined) identifiers.push(identity.userId);
  if (identity.externalId !== undefined) identifiers.push(identity.externalId);
  if (identity.email !== undefined) identifiers.push(identity.email);
  return { kind, distinctId, event, body, bytes, time, identifiers };
}

const encoder = new TextEncoder();

/** UTF-8 length of a text; Buffer counts without copying where it exists. */
export const byteLength: (text: string) => number =
  typeof Buffer === 'undefined' ? (text) => encoder.encode(text).length : (text) => Buffer.byteLength(text);
