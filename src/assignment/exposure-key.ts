import { toBytes } from '../protocol/bytes.js';

/** The name of something in a store that must not learn whose it is: SHA-256, as the platform computes it. */
export async function hashKey(...parts: readonly unknown[]): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', toBytes(JSON.stringify(parts)) as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
