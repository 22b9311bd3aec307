import type { Consent } from '../../protocol/event.js';
import { readConsent, writeConsent } from './consent-bytes.js';

/** The visitor who paid, and the session in which they started the payment. */
export interface TokenVisitor {
  /** The Ours visitor id: the cookie `ours_device_id`. */
  readonly userId: string;
  /** The browser's session, without its `sid_` prefix. */
  readonly sessionId: string | undefined;
  /** What the visitor had agreed to when the payment was started, for a day. */
  readonly consent?: Consent | undefined;
  /** Whether the id comes from a link, perhaps another person's: personal data must not be recorded under it. */
  readonly isFromLink?: boolean | undefined;
}

/** What a token holds. Without a visitor, the payment should be reported although the visitor was unknown when it started. */
export interface TokenContent {
  readonly visitor: TokenVisitor | undefined;
  /** Seconds since the epoch. */
  readonly issuedAt: number;
}

/** The first byte of a token: its layout, and {@link FROM_LINK}. */
export type TokenVersion = number;

/** Issued-at (4 bytes), visitor UUID (16), sid in milliseconds (6). All-zero UUID: no visitor. All-zero sid: no session. */
const SHORT = 1;
/** Visitor id and sid as {@link writeTexts} writes them. For ids of other SDKs. */
const LONG = 2;
/** Visitor id, sid, and the consent as JSON. */
const LONG_WITH_CONSENT = 3;
/** The bytes of {@link SHORT}, and the consent as {@link writeConsent} writes it. */
const SHORT_WITH_CONSENT = 4;
const LAYOUTS: readonly TokenVersion[] = [SHORT, LONG, LONG_WITH_CONSENT, SHORT_WITH_CONSENT];
/** The bit for a visitor from a link. */
const FROM_LINK = 0x80;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const NO_UUID = '00000000-0000-0000-0000-000000000000';
const SID_BYTES = 6;
const SHORT_BYTES = 26;
const ISSUED_AT_BYTES = 4;
const LENGTH_BYTES = 2;

export function isTokenVersion(version: number | undefined): version is TokenVersion {
  return version !== undefined && LAYOUTS.includes(version & ~FROM_LINK);
}

/** Uses the shortest layout that preserves the ids and the consent exactly. */
export function writeContent(content: TokenContent): Written {
  const { version, bytes } = writeLayout(content);
  return { version: content.visitor?.isFromLink ? version | FROM_LINK : version, bytes };
}

interface Written {
  readonly version: TokenVersion;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

function writeLayout({ visitor, issuedAt }: TokenContent): Written {
  const { userId, sessionId, consent }: TokenVisitor = visitor ?? { userId: NO_UUID, sessionId: undefined };
  const ids = writeIds(issuedAt, userId, sessionId);
  const purposes = consent && writeConsent(consent);
  if (consent === undefined) {
    return ids === undefined
      ? { version: LONG, bytes: writeTexts(issuedAt, [userId, sessionId ?? '']) }
      : { version: SHORT, bytes: ids };
  }
  if (ids === undefined || purposes === undefined) {
    const bytes = writeTexts(issuedAt, [userId, sessionId ?? '', JSON.stringify(consent)]);
    return { version: LONG_WITH_CONSENT, bytes };
  }
  return { version: SHORT_WITH_CONSENT, bytes: Uint8Array.of(...ids, ...purposes) };
}

/** Reads what {@link writeContent} wrote. The caller has authenticated the bytes. */
export function readContent(version: TokenVersion, bytes: Uint8Array): TokenContent {
  const content = readLayout(version & ~FROM_LINK, bytes);
  if ((version & FROM_LINK) === 0 || content.visitor === undefined) return content;
  return { ...content, visitor: { ...content.visitor, isFromLink: true } };
}

function readLayout(version: TokenVersion, bytes: Uint8Array): TokenContent {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const issuedAt = view.getUint32(0);
  if (version === SHORT) return { visitor: readIds(view, bytes), issuedAt };
  if (version === SHORT_WITH_CONSENT) {
    const visitor = readIds(view, bytes);
    return { visitor: visitor && { ...visitor, consent: readConsent(bytes.subarray(SHORT_BYTES)) }, issuedAt };
  }
  const [userId = '', sessionId, consent] = readTexts(view, bytes, version === LONG ? 2 : 3);
  const visitor = { userId, sessionId: sessionId || undefined };
  return {
    visitor: consent === undefined ? visitor : { ...visitor, consent: JSON.parse(consent) as Consent },
    issuedAt,
  };
}

/** The bytes of {@link SHORT}; `undefined` if they do not preserve the ids. */
function writeIds(
  issuedAt: number,
  userId: string,
  sessionId: string | undefined,
): Uint8Array<ArrayBuffer> | undefined {
  const sid = toSidNumber(sessionId);
  if (!UUID.test(userId) || sid === undefined) return undefined;
  const bytes = new Uint8Array(SHORT_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, issuedAt);
  const hex = userId.replaceAll('-', '');
  for (let place = 0; place < 16; place++) bytes[4 + place] = Number.parseInt(hex.slice(2 * place, 2 * place + 2), 16);
  view.setUint16(20, Math.floor(sid / 2 ** 32));
  view.setUint32(22, sid % 2 ** 32);
  return bytes;
}

/** The visitor in the bytes of {@link writeIds}. */
function readIds(view: DataView, bytes: Uint8Array): TokenVisitor | undefined {
  const hex = Array.from(bytes.subarray(4, 20), (byte) => byte.toString(16).padStart(2, '0')).join('');
  const userId = hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  const sid = view.getUint16(20) * 2 ** 32 + view.getUint32(22);
  return userId === NO_UUID ? undefined : { userId, sessionId: sid === 0 ? undefined : String(sid) };
}

/** Issued-at (4 bytes), the length of each text but the last (2 bytes each), and the texts in UTF-8. */
function writeTexts(issuedAt: number, texts: readonly string[]): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const parts = texts.map((text) => encoder.encode(text));
  let at = ISSUED_AT_BYTES + LENGTH_BYTES * (parts.length - 1);
  const bytes = new Uint8Array(at + parts.reduce((sum, part) => sum + part.length, 0));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, issuedAt);
  for (const [place, part] of parts.entries()) {
    if (place < parts.length - 1) view.setUint16(ISSUED_AT_BYTES + LENGTH_BYTES * place, part.length);
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Reads the `count` texts of {@link writeTexts}. */
function readTexts(view: DataView, bytes: Uint8Array, count: number): string[] {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let at = ISSUED_AT_BYTES + LENGTH_BYTES * (count - 1);
  return Array.from({ length: count }, (_, place) => {
    const end = place < count - 1 ? at + view.getUint16(ISSUED_AT_BYTES + LENGTH_BYTES * place) : undefined;
    const text = decoder.decode(bytes.subarray(at, end));
    at = end ?? bytes.length;
    return text;
  });
}

/** A sid as a number of 6 bytes, 0 for none; `undefined` if the number would not convert back to the same string. */
function toSidNumber(sessionId: string | undefined): number | undefined {
  if (sessionId === undefined) return 0;
  const sid = Number(sessionId);
  const isSidNumber = Number.isInteger(sid) && sid > 0 && sid < 2 ** (8 * SID_BYTES);
  return isSidNumber && String(sid) === sessionId ? sid : undefined;
}
