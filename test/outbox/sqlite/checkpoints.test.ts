import { statSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { Checkpoints } from '../../../src/outbox/sqlite/checkpoints.js';
import { loadSqlite } from '../../../src/sqlite/load-sqlite.js';
import { holdTime } from '../../support/held-time.js';

const Sqlite = loadSqlite();

/** A database with a write-ahead log that SQLite itself never copies. */
async function database(maxPages = 1_000) {
  const folder = await mkdtemp(join(tmpdir(), 'ours-checkpoints-'));
  const file = join(folder, 'events.db');
  const open = new Sqlite(file);
  open.exec('PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; PRAGMA secure_delete = ON');
  open.exec('CREATE TABLE entries (text TEXT)');
  const checkpoints = new Checkpoints(open, file, maxPages);
  onTestFinished(async () => {
    checkpoints.close();
    open.close();
    await rm(folder, { recursive: true });
  });
  const insert = open.prepare('INSERT INTO entries VALUES (?)');
  return {
    file,
    open,
    checkpoints,
    write(count: number, text = 'x'.repeat(500)) {
      for (let at = 0; at < count; at += 1) insert.run(text);
      checkpoints.afterCommit();
    },
    size: () => statSync(file).size,
    logSize: () => statSync(`${file}-wal`).size,
  };
}

it('copies the log into the database a second after the last commit', async () => {
  const { write, size } = await database();
  const time = holdTime();
  const before = size();
  write(20);
  expect(size()).toBe(before);
  await time.pass(1_000);
  await time.until(() => size() > before);
});

it('copies it during a burst once it is about as long as its limit', async () => {
  const { write, size } = await database(50);
  const time = holdTime();
  const before = size();
  write(500);
  // No time passes.
  await time.until(() => size() > before);
});

it('removes deleted events from the log', async () => {
  const { write, open, checkpoints, file, logSize } = await database();
  write(1, 'ada@example.org');
  open.exec('DELETE FROM entries');
  expect(await readFile(`${file}-wal`, 'latin1')).toContain('ada@example.org');
  await checkpoints.eraseNow();
  expect(logSize()).toBe(0);
  expect(await readFile(file, 'latin1')).not.toContain('ada@example.org');
});

it('tries again a second after a reader has blocked it', async () => {
  const { write, open, checkpoints, file, logSize } = await database();
  const time = holdTime();
  write(1);
  const reader = new Sqlite(file);
  reader.exec('BEGIN');
  reader.prepare('SELECT count(*) FROM entries').all();
  open.exec('DELETE FROM entries');
  await checkpoints.eraseNow();
  expect(logSize()).toBeGreaterThan(0);
  reader.exec('COMMIT');
  reader.close();
  await time.pass(1_000);
  await time.until(() => logSize() === 0);
});
