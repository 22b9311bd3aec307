import { toBytes } from '../protocol/bytes.js';

/** A key that does not reveal the visitor to the store: SHA-256, computed by the platform. */
export async function hashKey(...parts: readonly unknown[]): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', toBytes(JSON.stringify(parts)) as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
