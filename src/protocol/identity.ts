import { Refusal, typeName } from '../core/refusal.js';
import { MAX_EMAIL_LENGTH, MAX_ID_LENGTH } from './limits.js';

/** Whose event it is. At least one of the three; send `userId` and `externalId` together when both are known. */
export interface Identity {
  /** The Ours visitor id, in browsers the cookie `ours_device_id`. 1–400 characters. */
  readonly userId?: string | undefined;
  /** Your own id of the person. 1–400 characters. */
  readonly externalId?: string | undefined;
  /** Looked up last. 1–1000 characters. */
  readonly email?: string | undefined;
}

/** Checks that a field is a string of 1 to `maxLength` characters that UTF-8 can hold; `undefined` means it is fine. */
export function checkText(field: string, value: unknown, maxLength: number): Refusal | undefined {
  if (isOrdinary(value, maxLength)) return undefined;
  let came: string;
  if (typeof value !== 'string') came = typeName(value);
  else if (value.length === 0 || value.length > maxLength) came = `${value.length} characters`;
  // With the half repaired, two ids could become one.
  else if (!value.isWellFormed()) came = 'half a surrogate pair, as if cut inside an emoji';
  else return slipIn(field, value);
  return new Refusal('invalid_field', `${field} must be a string of 1–${maxLength} characters; got ${came}.`);
}

/** Nearly every id consists of these characters, and then nothing is wrong with it: one look instead of five. */
const ORDINARY = /^[\dA-MO-Za-tv-z_.:@+-]+$/;
/** With the letters that every placeholder has one of, `u` and `N`. */
const ODD = /[^\w.:@+-]|undefined|null|NaN/;

function isOrdinary(value: unknown, maxLength: number): value is string {
  if (typeof value !== 'string' || value.length > maxLength) return false;
  return ORDINARY.test(value) || (value !== '' && !ODD.test(value));
}

/** What templates and `String()` write where a value is missing, alone or as a part of a name such as `purchase:undefined`. */
const PLACEHOLDER = /(?:^|:)(undefined|null|NaN|\[object \w+\])(?::|$)/;
const QUOTED = /^(["']).*\1$/s;

/** What no id or name is meant to look like, with the likely cause. Such a text would name a visitor, or an event, that is none. */
function slipIn(field: string, text: string): Refusal | undefined {
  const placeholder = PLACEHOLDER.exec(text)?.[1];
  let slip: string;
  if (placeholder !== undefined) {
    slip = `contains '${placeholder}', which templates and String() produce for a missing value: fix the code that fills it, or leave the field out`;
  } else if (text !== text.trim()) slip = 'has blanks around it: trim it';
  else if (QUOTED.test(text)) slip = 'has quotes around it: remove them, or parse the JSON it comes from';
  else return undefined;
  return new Refusal('invalid_field', `${field} ${slip}.`);
}

/** A `Cookie` header, a cookie with its name, or the JSON that the browser SDK keeps in one. */
const COOKIE = /^[\w.-]+=[^=]|;\s*[\w.-]+=|^(?:\{|%7b)/i;

function wholeCookie(field: string, text: string, value: string): Refusal | undefined {
  return COOKIE.test(text)
    ? new Refusal('invalid_field', `${field} is a whole cookie: pass only ${value}.`)
    : undefined;
}

/** Checks a visitor's id; `undefined` means it is fine. */
export function checkUserId(userId: unknown): Refusal | undefined {
  if (isOrdinary(userId, MAX_ID_LENGTH)) return undefined;
  const cookie = typeof userId === 'string' ? wholeCookie('userId', userId, 'the value of ours_device_id') : undefined;
  return cookie ?? checkText('userId', userId, MAX_ID_LENGTH);
}

/** Checks a session's id, in any form that {@link toSid} takes; `undefined` means it is fine, or that there is none. */
export function checkSessionId(sessionId: unknown): Refusal | undefined {
  if (sessionId == null || typeof sessionId === 'number') return undefined;
  if (typeof sessionId !== 'string') {
    return new Refusal('invalid_field', `sessionId must be a string; got ${typeName(sessionId)}.`);
  }
  if (isOrdinary(sessionId, MAX_ID_LENGTH)) return undefined;
  const sid = toSid(sessionId) ?? '';
  return wholeCookie('sessionId', sid, 'its sid') ?? slipIn('sessionId', sid);
}

/** Checks that somebody is named, and each name's length; `undefined` means it is fine. */
export function checkIdentity(userId: unknown, externalId: unknown, email: unknown): Refusal | undefined {
  if ((userId ?? externalId ?? email) === undefined) {
    return new Refusal(
      'no_identity',
      'the event has no identity: set userId (the ours_device_id cookie), externalId (your id) or email.',
    );
  }
  return (
    (userId === undefined ? undefined : checkUserId(userId)) ??
    (externalId === undefined ? undefined : checkText('externalId', externalId, MAX_ID_LENGTH)) ??
    (email === undefined ? undefined : checkText('email', email, MAX_EMAIL_LENGTH))
  );
}

/**
 * A session id as the wire carries it: without the browser cookie's `sid_` prefix, or `undefined` when there is none.
 * The words `undefined` and `null` are what a careless template writes into a cookie; they are no sessions.
 */
export function toSid(sessionId: unknown): string | undefined {
  // The browser's is a time in milliseconds, which a cookie parser or a database may have made a number of.
  const text = Number.isFinite(sessionId) ? String(sessionId) : sessionId;
  if (typeof text !== 'string') return undefined;
  const sid = text.startsWith('sid_') ? text.slice(4) : text;
  return sid === '' || sid === 'undefined' || sid === 'null' ? undefined : sid;
}

/**
 * When a session began, by the browser's clock: the browser SDK makes its ids of the time in milliseconds. `undefined` for an id
 * that begins with no number, as the SDK reads it.
 */
export function sidTime(sid: string): number | undefined {
  const time = Number.parseInt(sid, 10);
  return Number.isNaN(time) ? undefined : time;
}
