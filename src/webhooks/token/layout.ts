import type { Consent } from '../../protocol/event.js';

/** The visitor who paid, and the session in which they started the payment. */
export interface TokenVisitor {
  /** The Ours visitor id: the cookie `ours_device_id`. */
  readonly userId: string;
  /** The browser's session, without its `sid_` prefix. */
  readonly sessionId: string | undefined;
  /** What the visitor had agreed to when the payment was started. */
  readonly consent?: Consent | undefined;
}

/** What a token holds. Without a visitor, the payment should be reported although the visitor was unknown when it started. */
export interface TokenContent {
  readonly visitor: TokenVisitor | undefined;
  /** Seconds since the epoch. */
  readonly issuedAt: number;
}

/** The first byte of a token: its layout. */
export type TokenVersion = typeof SHORT | typeof LONG | typeof WITH_CONSENT;

/** Issued-at (4 bytes), visitor UUID (16), sid in milliseconds (6). All-zero UUID: no visitor. All-zero sid: no session. */
const SHORT = 1;
/** Issued-at (4 bytes), length of the visitor id (2), visitor id and sid as UTF-8. For ids of other SDKs. */
const LONG = 2;
/** Issued-at (4 bytes), lengths of the visitor id and the sid (2 each), both as UTF-8, and the consent as JSON. */
const WITH_CONSENT = 3;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const NO_UUID = '00000000-0000-0000-0000-000000000000';
const SID_BYTES = 6;
const SHORT_BYTES = 26;
const LONG_HEAD_BYTES = 6;
const CONSENT_HEAD_BYTES = 8;

export function isTokenVersion(version: number | undefined): version is TokenVersion {
  return version === SHORT || version === LONG || version === WITH_CONSENT;
}

/** Uses the shortest layout that preserves the ids exactly. */
export function writeContent({ visitor, issuedAt }: TokenContent): {
  version: TokenVersion;
  bytes: Uint8Array<ArrayBuffer>;
} {
  const { userId, sessionId, consent }: TokenVisitor = visitor ?? { userId: NO_UUID, sessionId: undefined };
  if (consent !== undefined) {
    return { version: WITH_CONSENT, bytes: writeWithConsent(userId, sessionId, consent, issuedAt) };
  }
  const sid = toSidNumber(sessionId);
  if (!UUID.test(userId) || sid === undefined) return { version: LONG, bytes: writeLong(userId, sessionId, issuedAt) };
  const bytes = new Uint8Array(SHORT_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, issuedAt);
  const hex = userId.replaceAll('-', '');
  for (let place = 0; place < 16; place++) bytes[4 + place] = Number.parseInt(hex.slice(2 * place, 2 * place + 2), 16);
  view.setUint16(20, Math.floor(sid / 2 ** 32));
  view.setUint32(22, sid % 2 ** 32);
  return { version: SHORT, bytes };
}

/** Reads what {@link writeContent} wrote. The caller has authenticated the bytes. */
export function readContent(version: TokenVersion, bytes: Uint8Array): TokenContent {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const issuedAt = view.getUint32(0);
  if (version === WITH_CONSENT) return readWithConsent(view, bytes, issuedAt);
  if (version === LONG) {
    const end = LONG_HEAD_BYTES + view.getUint16(4);
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    const userId = decoder.decode(bytes.subarray(LONG_HEAD_BYTES, end));
    return { visitor: { userId, sessionId: decoder.decode(bytes.subarray(end)) || undefined }, issuedAt };
  }
  const hex = Array.from(bytes.subarray(4, 20), (byte) => byte.toString(16).padStart(2, '0')).join('');
  const userId = hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  const sid = view.getUint16(20) * 2 ** 32 + view.getUint32(22);
  const visitor = userId === NO_UUID ? undefined : { userId, sessionId: sid === 0 ? undefined : String(sid) };
  return { visitor, issuedAt };
}

function writeLong(userId: string, sessionId: string | undefined, issuedAt: number): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const user = encoder.encode(userId);
  const session = encoder.encode(sessionId ?? '');
  const bytes = new Uint8Array(LONG_HEAD_BYTES + user.length + session.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, issuedAt);
  view.setUint16(4, user.length);
  bytes.set(user, LONG_HEAD_BYTES);
  bytes.set(session, LONG_HEAD_BYTES + user.length);
  return bytes;
}

function writeWithConsent(
  userId: string,
  sessionId: string | undefined,
  consent: Consent,
  issuedAt: number,
): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const parts = [userId, sessionId ?? '', JSON.stringify(consent)].map((text) => encoder.encode(text));
  const [user, session] = parts as [Uint8Array, Uint8Array];
  const bytes = new Uint8Array(CONSENT_HEAD_BYTES + parts.reduce((sum, part) => sum + part.length, 0));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, issuedAt);
  view.setUint16(4, user.length);
  view.setUint16(6, session.length);
  let at = CONSENT_HEAD_BYTES;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function readWithConsent(view: DataView, bytes: Uint8Array, issuedAt: number): TokenContent {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const userEnd = CONSENT_HEAD_BYTES + view.getUint16(4);
  const sessionEnd = userEnd + view.getUint16(6);
  return {
    visitor: {
      userId: decoder.decode(bytes.subarray(CONSENT_HEAD_BYTES, userEnd)),
      sessionId: decoder.decode(bytes.subarray(userEnd, sessionEnd)) || undefined,
      consent: JSON.parse(decoder.decode(bytes.subarray(sessionEnd))) as Consent,
    },
    issuedAt,
  };
}

/** A sid as a number of 6 bytes, 0 for none; `undefined` if the number would not convert back to the same string. */
function toSidNumber(sessionId: string | undefined): number | undefined {
  if (sessionId === undefined) return 0;
  const sid = Number(sessionId);
  const isSidNumber = Number.isInteger(sid) && sid > 0 && sid < 2 ** (8 * SID_BYTES);
  return isSidNumber && String(sid) === sessionId ? sid : undefined;
}
