/** The visitor who paid, and the session in which they started the payment. */
export interface TokenVisitor {
  /** The Ours visitor id: the cookie `ours_device_id`. */
  readonly userId: string;
  /** The browser's session, without its `sid_` prefix. */
  readonly sessionId: string | undefined;
}

/** What a token holds. Without a visitor, the payment should be reported although the visitor was unknown when it started. */
export interface TokenContent {
  readonly visitor: TokenVisitor | undefined;
  /** Seconds since the epoch. */
  readonly issuedAt: number;
}

/** The first byte of a token: its layout. */
export type TokenVersion = typeof SHORT | typeof LONG;

/** Issued-at (4 bytes), visitor UUID (16), sid in milliseconds (6). All-zero UUID: no visitor. All-zero sid: no session. */
const SHORT = 1;
/** Issued-at (4 bytes), length of the visitor id (2), visitor id and sid as UTF-8. For ids of other SDKs. */
const LONG = 2;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const NO_UUID = '00000000-0000-0000-0000-000000000000';
const SID_BYTES = 6;
const SHORT_BYTES = 26;
const LONG_HEAD_BYTES = 6;

export function isTokenVersion(version: number | undefined): version is TokenVersion {
  return version === SHORT || version === LONG;
}

/** Uses the shortest layout that preserves the ids exactly. */
export function writeContent({ visitor, issuedAt }: TokenContent): {
  version: TokenVersion;
  bytes: Uint8Array<ArrayBuffer>;
} {
  const { userId, sessionId } = visitor ?? { userId: NO_UUID, sessionId: undefined };
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

/** A sid as a number of 6 bytes, 0 for none; `undefined` if the number would not convert back to the same string. */
function toSidNumber(sessionId: string | undefined): number | undefined {
  if (sessionId === undefined) return 0;
  const sid = Number(sessionId);
  const isSidNumber = Number.isInteger(sid) && sid > 0 && sid < 2 ** (8 * SID_BYTES);
  return isSidNumber && String(sid) === sessionId ? sid : undefined;
}
