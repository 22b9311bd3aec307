import { createHash } from 'node:crypto';

/**
 * The idempotency key of a row that brings none. It follows from the row's number and what it says, so that a row that is sent
 * again, after a crash or a restart, counts once, and two rows that say the same count twice.
 */
export function contentId(row: number, fields: unknown): string {
  const digest = createHash('sha256')
    .update(`${row}\n${JSON.stringify(fields)}`)
    .digest('base64url');
  return `backfill:${digest}`;
}
