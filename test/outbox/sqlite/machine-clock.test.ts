import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { createSqliteOutbox } from '../../../src/outbox/sqlite/index.js';
import { loadSqlite } from '../../../src/sqlite/load-sqlite.js';
import { idsOf, trackEntry } from '../../support/entries.js';
import { EVERYTHING } from '../contract.js';

const HOUR_MS = 3_600_000;

async function outboxWith(now?: () => number) {
  const folder = await mkdtemp(join(tmpdir(), 'ours-sqlite-clock-'));
  const file = join(folder, 'events.db');
  const outbox = createSqliteOutbox({ file, now });
  onTestFinished(async () => {
    await outbox.close();
    await rm(folder, { recursive: true });
  });
  return { file, outbox };
}

it.each([-2, 2])('a wall clock set by %i hours changes no lease and no delay of an sqlite outbox', async (hours) => {
  const { outbox } = await outboxWith();
  await outbox.append(['leased', 'delayed', 'waiting'].map((id) => trackEntry(id)));
  const claimed = await outbox.claim({ ...EVERYTHING, maxEntries: 2, leaseMs: HOUR_MS });
  await outbox.release([claimed[1]!], HOUR_MS);
  const wall = Date.now();
  vi.spyOn(Date, 'now').mockReturnValue(wall + hours * HOUR_MS);
  onTestFinished(() => void vi.restoreAllMocks());
  expect(idsOf(await outbox.claim(EVERYTHING))).toEqual(['waiting']);
});

it('what was leased or delayed before the machine started again can be claimed', async () => {
  let now = 10 * HOUR_MS;
  const { outbox } = await outboxWith(() => now);
  await outbox.append(['leased', 'delayed'].map((id) => trackEntry(id)));
  const claimed = await outbox.claim({ ...EVERYTHING, leaseMs: HOUR_MS });
  await outbox.release([claimed[1]!], HOUR_MS);
  now = 1_000;
  expect(idsOf(await outbox.claim(EVERYTHING))).toEqual(['leased', 'delayed']);
  now += 1_000;
  expect(idsOf(await outbox.claim(EVERYTHING))).toEqual([]);
});

it('an sqlite file of the first version is brought up to date, and its leases, which went by the wall clock, end', async () => {
  const { file, outbox } = await outboxWith();
  await outbox.append([trackEntry('leased'), trackEntry('waiting')]);
  await outbox.claim({ ...EVERYTHING, maxEntries: 1, leaseMs: HOUR_MS });
  await outbox.close();
  const database = new (loadSqlite())(file);
  database.exec(`
    DROP TABLE ours_outbox;
    CREATE TABLE ours_outbox (
      version INTEGER NOT NULL,
      entries INTEGER NOT NULL,   -- a comment
      bytes INTEGER NOT NULL,
      position INTEGER NOT NULL,  -- a comment
      drawn INTEGER NOT NULL      -- a comment; at the end
    ) STRICT;
    INSERT INTO ours_outbox VALUES (1, 2, 200, 2, 1);
    UPDATE ours_holds SET until = 1700000000000;
  `);
  database.close();
  const next = createSqliteOutbox({ file });
  onTestFinished(() => next.close());
  expect(idsOf(await next.claim(EVERYTHING))).toEqual(['leased', 'waiting']);
  expect((await next.append([trackEntry('new')])).position).toBe(3);
});
