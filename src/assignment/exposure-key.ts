import { toBytes } from '../protocol/bytes.js';

/** The first line of every key of a visitor in this process. */
export function keyPrefix(userId: string): string {
  return `${JSON.stringify(userId)}\n`;
}

/** Whether a key is one of the visitor's. */
export function keyMatcher(userId: string): (key: string) => boolean {
  const prefix = keyPrefix(userId);
  return (key) => key.startsWith(prefix);
}

/** The first 32 of a key's 64 hex digits in a store, which are the same for all keys of a visitor. */
export function hashVisitor(experimentToken: string | undefined, userId: string): Promise<string> {
  return hash(experimentToken, keyPrefix(userId));
}

/** The key in a store for a key of a visitor: it does not reveal the visitor. */
export async function hashKey(experimentToken: string | undefined, kind: string, key: string): Promise<string> {
  const visitor = key.slice(0, key.indexOf('\n') + 1);
  return (await Promise.all([hash(experimentToken, visitor), hash(experimentToken, kind, key)])).join('');
}

/** Half of a SHA-256 in hex, computed by the platform. */
async function hash(...parts: readonly unknown[]): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', toBytes(JSON.stringify(parts)) as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest, 0, 16), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
