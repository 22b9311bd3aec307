/*
 * The owner of an entry in a durable outbox is `<client id>.<sequence number>.<source>`. In a transaction no client waits for it, and
 * the source stands alone. Entries of earlier versions have no source.
 *
 * The source is a hash of 32 bits of the token. It shows that two sources share an outbox, and tells nobody the token.
 */

const SOURCE = /(?:^|\.)(s[0-9a-z]+)$/;

/** What stands for a token's source in its entries: FNV-1a. */
export function sourceOf(token: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < token.length; at += 1) hash = Math.imul(hash ^ token.charCodeAt(at), 0x01000193);
  return `s${(hash >>> 0).toString(36)}`;
}

/** The source in an entry's owner; `undefined` if there is none. */
export function sourceIn(owner: unknown): string | undefined {
  return typeof owner === 'string' ? SOURCE.exec(owner)?.[1] : undefined;
}
