import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Undelivered } from '../../src/core/outcome.js';
import type { SecretKey } from '../../src/core/secret-key.js';
import type { ClaimOptions, DurableOutbox } from '../../src/outbox/outbox.js';
import { createSqliteOutbox } from '../../src/outbox/sqlite/index.js';
import type { Entry } from '../../src/protocol/event.js';
import { trackEntry } from '../support/entries.js';

export const EVERYTHING: ClaimOptions = { maxEntries: 1e6, maxBytes: 1e9, leaseMs: 3_600_000 };
export const TOO_OLD: Undelivered = { status: 'dropped', reason: 'too_old' };
export const REFUSED: Undelivered = { status: 'rejected', code: 'invalid_event', message: 'value is no number' };

/** The path of a new file, in a folder that is deleted after the test. */
export async function freshFile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ours-ingest-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return join(folder, 'outbox.db');
}

/** An outbox in its own file, opened like in an application. */
export async function fileOutbox(
  sealingKeys?: readonly SecretKey[],
): Promise<{ readonly file: string; readonly outbox: DurableOutbox }> {
  const file = await freshFile();
  const outbox = createSqliteOutbox({ file, sealingKeys });
  onTestFinished(() => outbox.close());
  // The first use creates the file.
  await outbox.oldest();
  return { file, outbox };
}

/** Current events, each of a different visitor. */
export function freshEntries(count: number, prefix = 'e'): Entry[] {
  return Array.from({ length: count }, (_, index) => trackEntry(`${prefix}${index}`, undefined, Date.now()));
}

/** Dead-letters everything that waits. */
export async function giveUp(outbox: DurableOutbox, outcome: Undelivered): Promise<void> {
  await outbox.deadLetter(await outbox.claim(EVERYTHING), outcome);
}
