import { statSync } from 'node:fs';
import { chmod, mkdir, readFile, rename, stat, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { fromStoredId, toStoredId } from '../../../src/outbox/durable/stored-id.js';
import type { DurableOutbox } from '../../../src/outbox/outbox.js';
import { createSqliteOutbox, type SqliteOutboxOptions } from '../../../src/outbox/sqlite/index.js';
import type { Database } from '../../../src/sqlite/database.js';
import { loadSqlite } from '../../../src/sqlite/load-sqlite.js';
import { errorOf, identifyEntry, idsOf, trackEntry, type Who } from '../../support/entries.js';
import { holdTime } from '../../support/held-time.js';
import { keyOf } from '../../support/keys.js';
import { watchRows } from '../../support/watch-rows.js';
import { EVERYTHING } from '../contract.js';
import { describeDurableOutbox } from '../durable/contract.js';
import { createSqliteStore } from './store.js';

describeDurableOutbox('sqlite', createSqliteStore, { drops: ['drop-newest'], runs: 60 });

const Sqlite = loadSqlite();
const many = (count: number) => Array.from({ length: count }, (_, index) => trackEntry(String(index)));

async function opened(options: SqliteOutboxOptions = {}) {
  const store = await createSqliteStore();
  const outbox = createSqliteOutbox(options.database === undefined ? { file: store.file, ...options } : options);
  onTestFinished(async () => {
    await outbox.close();
    await store.remove();
  });
  return { outbox, file: store.file };
}

/** A database as a caller would open it, which counts its statements. */
function countingDatabase(file: string): Database & { readonly commits: () => number } {
  const database = new Sqlite(file);
  let commits = 0;
  return {
    exec: (sql) => database.exec(sql),
    close: () => database.close(),
    prepare(sql) {
      const statement = database.prepare(sql);
      if (sql !== 'COMMIT') return statement;
      return {
        all: (...values) => statement.all(...values),
        get: (...values) => statement.get(...values),
        run(...values) {
          commits += 1;
          return statement.run(...values);
        },
      };
    },
    commits: () => commits,
  };
}

/** A database as a caller would have it open, which counts the rows and the records that are read. */
function readRecordingDatabase(
  file: string,
): Database & { readonly rowsRead: () => number; readonly recordsRead: () => number } {
  const database = new Sqlite(file);
  let rowCount = 0;
  let recordCount = 0;
  const watched = watchRows(database, (rows) => {
    rowCount += rows.length;
    recordCount += rows.filter((row) => Object.hasOwn(row as object, 'record')).length;
  });
  return { ...watched, rowsRead: () => rowCount, recordsRead: () => recordCount };
}

async function failureOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Error)) throw new Error('it did not fail');
  return error.message;
}

/** The failure of what the outbox tries again for ten seconds, by a clock that runs ahead of the real one. */
async function refusal(work: Promise<unknown>): Promise<string> {
  const message = failureOf(work);
  await vi.advanceTimersByTimeAsync(20_000);
  return message;
}

describe('createSqliteOutbox', () => {
  it.each([
    [{}, /either file.* or database/],
    [{ file: 'a.db', database: new Sqlite(':memory:') }, /either file.* or database/],
    [{ file: ':memory:' }, /path of a file/],
    [{ file: '' }, /path of a file/],
    [{ database: {} }, /better-sqlite3, libsql or node:sqlite/],
    [{ file: 'a.db', maxQueueSize: 0 }, /maxQueueSize/],
    [{ file: 'a.db', maxQueueBytes: 1.5 }, /maxQueueBytes/],
    [{ file: 'a.db', synchronous: 'off' }, /synchronous/],
    [{ file: 'a.db', sealingKeys: [] }, /sealingKeys/],
    [{ file: 'a.db', sealingKeys: ['short'] }, /32 bytes/],
  ])('refuses what it cannot work with: %#', async (options, message) => {
    const error = await errorOf(Promise.resolve().then(() => createSqliteOutbox(options as never)));
    expect(error).toMatchObject({ code: 'invalid_option', message: expect.stringMatching(message) });
  });

  it('never repeats a key in what it says', async () => {
    const key = 'not a key, but still a secret';
    const error = await errorOf(Promise.resolve().then(() => createSqliteOutbox({ file: 'a.db', sealingKeys: [key] })));
    expect(error.message).not.toContain(key);
  });

  it('touches no file before it is used', async () => {
    const { file } = await opened();
    await expect(stat(file)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('the file of an sqlite outbox', () => {
  it('and its -wal and -shm are accessible to their owner only', async () => {
    const { outbox, file } = await opened();
    await outbox.append(many(1));
    for (const one of [file, `${file}-wal`, `${file}-shm`]) expect((await stat(one)).mode & 0o777).toBe(0o600);
  });

  it('is written once for the appends of one tick', async () => {
    const store = await createSqliteStore();
    const database = countingDatabase(store.file);
    const { outbox } = await opened({ database });
    await outbox.append(many(1));
    const before = database.commits();
    await Promise.all(many(500).map((entry, index) => outbox.append([{ ...entry, distinctId: `b${index}` }])));
    expect(database.commits()).toBe(before + 1);
    database.close();
    await store.remove();
  });

  it('copies its log before SQLite would do so during a commit', async () => {
    const { outbox, file } = await opened();
    // Not the copy that it makes a second later.
    const time = holdTime();
    await outbox.append(many(1_500));
    await time.until(() => statSync(file).size > 200_000);
  });

  it('no longer contains delivered events', async () => {
    const { outbox, file } = await opened();
    await outbox.append([trackEntry('a', { email: 'ada@example.org' })]);
    await outbox.ack(await outbox.claim(EVERYTHING));
    await outbox.close();
    expect(await readFile(file, 'latin1')).not.toContain('ada@example.org');
  });

  it('that another process has locked is waited for without blocking this process', async () => {
    const { outbox, file } = await opened();
    await outbox.append(many(1));
    const other = new Sqlite(file);
    other.exec('BEGIN IMMEDIATE');
    const append = outbox.append([trackEntry('b')]);
    const claim = outbox.claim(EVERYTHING);
    let isDone = false;
    void Promise.all([append, claim]).then(() => {
      isDone = true;
    });
    // The event loop goes on meanwhile.
    for (let turn = 0; turn < 3; turn += 1) await new Promise(setImmediate);
    expect(isDone).toBe(false);
    other.exec('COMMIT');
    other.close();
    await append;
    expect([...idsOf(await claim), ...idsOf(await outbox.claim(EVERYTHING))].toSorted()).toEqual(['0', 'b']);
  });
});

describe('an identify of an sqlite outbox', () => {
  it('whose ids are all equal can be replayed from the dead letters', async () => {
    const { outbox } = await opened();
    await outbox.append([identifyEntry('i', { userId: 'u', externalId: 'u' })]);
    await outbox.deadLetter(await outbox.claim(EVERYTHING), { status: 'dropped', reason: 'too_old' });
    expect(await outbox.deadLetters.replay(['i'])).toBe(1);
    expect(idsOf(await outbox.claim(EVERYTHING))).toEqual(['i']);
  });
});

describe('a crowd in an sqlite outbox', () => {
  it('behind an identify that is under way is read once, however many claims come past it', async () => {
    const { file } = await opened();
    const database = readRecordingDatabase(file);
    const { outbox } = await opened({ database });
    await outbox.append([identifyEntry('i', { userId: 'u' })]);
    await outbox.append(many(300).map(({ distinctId }) => trackEntry(distinctId, { userId: 'u' })));
    await outbox.append(['x', 'y'].map((id) => trackEntry(id)));
    // A lease that outlasts the test, however slow the machine is.
    const claim = () => outbox.claim({ ...EVERYTHING, maxEntries: 1, leaseMs: 3_600_000 });
    const identify = await claim();
    expect(idsOf(await claim())).toEqual(['x']);
    const before = database.recordsRead();
    expect(idsOf(await claim())).toEqual(['y']);
    expect(database.recordsRead() - before).toBe(1);
    await outbox.ack(identify);
    expect(idsOf(await outbox.claim(EVERYTHING))).toEqual(idsOf(many(300)));
  });

  it('of identifies behind one that is under way is claimed together once that is settled', async () => {
    const { outbox } = await opened();
    await outbox.append(Array.from({ length: 40 }, (_, at) => identifyEntry(String(at), { userId: 'u' })));
    const claim = () => outbox.claim({ ...EVERYTHING, maxEntries: 10, leaseMs: 3_600_000 });
    const sizes: number[] = [];
    for (let held = await claim(); held.length > 0; held = await claim()) {
      sizes.push(held.length);
      expect(await claim()).toEqual([]);
      await outbox.ack(held);
    }
    expect(sizes).toEqual([10, 10, 10, 10]);
  });

  it('of identifies costs a claim one more row for each, however many there are', async () => {
    const COUNT = 300;
    const rowsFor = async (who: (at: number) => Who): Promise<number> => {
      const { file } = await opened();
      const database = readRecordingDatabase(file);
      const { outbox } = await opened({ database });
      await outbox.append(Array.from({ length: COUNT }, (_, at) => identifyEntry(String(at), who(at))));
      const before = database.rowsRead();
      expect(await outbox.claim(EVERYTHING)).toHaveLength(COUNT);
      return database.rowsRead() - before;
    };
    const ofStrangers = await rowsFor((at) => ({ externalId: `guest ${at}` }));
    expect(await rowsFor(() => ({ externalId: 'guest' }))).toBeLessThanOrEqual(ofStrangers + COUNT);
  });

  it.each([
    ['behind an identify that is under way', {}],
    ['without its key', { sealingKeys: [keyOf(2)] }],
  ])('%s is gone through in pieces, and others get their turn in between', async (_, keys) => {
    const { outbox: before, file } = await opened({ sealingKeys: [keyOf(1)] });
    await before.append([identifyEntry('i', { userId: 'u' })]);
    const held = await before.claim(EVERYTHING);
    await before.append(many(100).map(({ distinctId }) => trackEntry(distinctId, { userId: 'u' })));
    const outbox = createSqliteOutbox({ file, sealingKeys: [keyOf(1)], ...keys });
    onTestFinished(() => outbox.close());
    let turns = 0;
    let isOver = false;
    const claim = outbox.claim({ ...EVERYTHING, maxEntries: 10 }).then(
      (entries) => expect(entries).toEqual([]),
      (error: Error) => expect(error.message).toContain('100 events'),
    );
    const takeTurns = async (): Promise<void> => {
      for (; !isOver; turns += 1) await new Promise(setImmediate);
    };
    await Promise.all([
      takeTurns(),
      claim.finally(() => {
        isOver = true;
      }),
    ]);
    expect(turns).toBeGreaterThanOrEqual(10);
    await before.ack(held);
    expect(idsOf(await before.claim(EVERYTHING))).toHaveLength('sealingKeys' in keys ? 0 : 100);
  });
});

describe('an sqlite outbox in a database of the caller', () => {
  it('shares it with other tables and leaves the database open', async () => {
    const database = new Sqlite(':memory:');
    database.exec('CREATE TABLE orders (id INTEGER PRIMARY KEY); INSERT INTO orders VALUES (1)');
    const outbox = createSqliteOutbox({ database });
    await outbox.append([identifyEntry('i', { userId: 'v' }), trackEntry('t', { userId: 'v' })]);
    expect(idsOf(await outbox.claim(EVERYTHING))).toEqual(['i', 't']);
    await outbox.close();
    expect(database.prepare('SELECT id FROM orders').all()).toMatchObject([{ id: 1 }]);
    database.close();
  });

  it('reads numbers as numbers where the caller wants bigints', async () => {
    const { file } = await opened();
    const database = new Sqlite(file) as Database & { defaultSafeIntegers?(isOn: boolean): unknown };
    database.defaultSafeIntegers?.(true);
    const { outbox } = await opened({ database });
    await outbox.append([identifyEntry('i', { userId: 'u' }), ...many(2)]);
    await outbox.deadLetter(await outbox.claim({ ...EVERYTHING, maxEntries: 1 }), {
      status: 'dropped',
      reason: 'too_old',
    });
    const [claimed] = await outbox.claim({ ...EVERYTHING, maxEntries: 1 });
    expect(await outbox.stats()).toEqual({ waiting: 1, claimed: 1, bytes: 2 * claimed!.body.length });
    expect((await outbox.oldest())!.position).toBe(2);
    expect(await outbox.deadLetters.count()).toBe(1);
    database.close();
  });

  it('waits for a transaction that the caller has open', async () => {
    const database = new Sqlite(':memory:');
    const outbox = createSqliteOutbox({ database });
    await outbox.append(many(1));
    database.exec('BEGIN');
    const append = outbox.append([trackEntry('b')]);
    await new Promise(setImmediate);
    database.exec('COMMIT');
    expect((await append).dropped).toEqual([]);
    database.close();
  });
});

describe('trouble with the file of an sqlite outbox is an error of the call that meets it:', () => {
  async function recovers(outbox: DurableOutbox): Promise<void> {
    expect((await outbox.append([trackEntry('later')])).duplicates).toEqual([]);
    expect(idsOf(await outbox.claim(EVERYTHING))).toContain('later');
  }

  it('a folder that is not there, until it is', async () => {
    const store = await createSqliteStore();
    const file = join(dirname(store.file), 'missing', 'events.db');
    const outbox = createSqliteOutbox({ file });
    const works = [
      () => outbox.append(many(1)),
      () => outbox.claim(EVERYTHING),
      () => outbox.stats(),
      () => outbox.deadLetters.count(),
    ];
    for (const work of works) {
      expect(await failureOf(work())).toBe(
        `the outbox file ${file} cannot be opened: check that its folder exists and this process may write to it (SQLITE_CANTOPEN).`,
      );
    }
    await mkdir(dirname(file));
    await recovers(outbox);
    await outbox.close();
    await store.remove();
  });

  it('a folder in its place', async () => {
    const { outbox, file } = await opened();
    await mkdir(file);
    expect(await failureOf(outbox.append(many(1)))).toContain('cannot be opened');
  });

  it('a file that is no database, which stays as it is', async () => {
    const { outbox, file } = await opened();
    const text = 'these are notes and no database, '.repeat(200);
    await writeFile(file, text);
    expect(await failureOf(outbox.append(many(1)))).toMatch(/is not an SQLite database: move it away/);
    expect(await readFile(file, 'utf8')).toBe(text);
    await rename(file, `${file}.old`);
    await recovers(outbox);
  });

  it('a file that was cut off', async () => {
    const { outbox, file } = await opened();
    await outbox.append(many(200));
    await outbox.close();
    const database = new Sqlite(file);
    database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').all();
    database.close();
    await truncate(file, 16_384);
    const again = createSqliteOutbox({ file });
    expect(await failureOf(again.claim(EVERYTHING).then(() => again.append(many(300))))).toMatch(/damaged.*recover/);
    await again.close();
  });

  it('a full disk, which costs nothing that is inside', async () => {
    const database = new Sqlite(':memory:');
    const outbox = createSqliteOutbox({ database });
    await outbox.append(many(5));
    const [{ page_count }] = database.prepare('PRAGMA page_count').all() as [{ page_count: number }];
    database.exec(`PRAGMA max_page_count = ${page_count + 2}`);
    const large = trackEntry('large', { userId: 'x'.repeat(50_000) });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
    onTestFinished(() => void vi.useRealTimers());
    expect(await refusal(outbox.append([trackEntry('small'), large]))).toMatch(/disk .* is full: free/);
    expect(await outbox.stats()).toMatchObject({ waiting: 5 });
    vi.useRealTimers();
    database.exec('PRAGMA max_page_count = 100000');
    await recovers(outbox);
    expect(await outbox.stats()).toMatchObject({ claimed: 6 });
    database.close();
  });

  it('a database that may only be read', async () => {
    const database = new Sqlite(':memory:');
    const outbox = createSqliteOutbox({ database });
    await outbox.append(many(1));
    database.exec('PRAGMA query_only = 1');
    expect(await failureOf(outbox.append([trackEntry('b')]))).toMatch(
      /cannot be written: give this process write permission/,
    );
    expect(await failureOf(outbox.claim(EVERYTHING))).toContain('cannot be written');
    expect(await outbox.stats()).toMatchObject({ waiting: 1 });
    database.exec('PRAGMA query_only = 0');
    await recovers(outbox);
    database.close();
  });

  it('a file that this process may not write', async ({ skip }) => {
    if (process.getuid?.() === 0) skip('root may write everything');
    const { outbox, file } = await opened();
    await outbox.append(many(1));
    await outbox.close();
    await chmod(file, 0o400);
    const again = createSqliteOutbox({ file });
    expect(await failureOf(again.append([trackEntry('b')]))).toContain('cannot be');
  });

  it('tables of another version, which are left alone', async () => {
    const { outbox, file } = await opened();
    await outbox.append(many(1));
    await outbox.close();
    const database = new Sqlite(file);
    database.exec('UPDATE ours_outbox SET version = 3');
    const again = createSqliteOutbox({ file });
    expect(await failureOf(again.append(many(1)))).toMatch(/version 3, and this package reads version 2: .*relay/);
    database.exec('UPDATE ours_outbox SET version = 2');
    database.close();
    expect(idsOf(await again.claim(EVERYTHING))).toEqual(['0']);
    await again.close();
  });

  it('a call after close()', async () => {
    const { outbox } = await opened();
    await outbox.close();
    expect(await failureOf(outbox.append(many(1)))).toMatch(/closed/);
  });
});

describe('an id as a database keeps it', () => {
  it('comes back as it was, and stays another one than all others', () => {
    const id = fc.string({ unit: 'binary', maxLength: 20 });
    const tricky = fc.array(fc.constantFrom('\0', '\\', '\\u0000', '\ud800', '\udc00', 'a', '🎉'), { maxLength: 6 });
    fc.assert(
      fc.property(
        fc.oneof(
          id,
          tricky.map((parts) => parts.join('')),
        ),
        (one) => {
          expect(fromStoredId(toStoredId(one))).toBe(one);
          const stored = toStoredId(one);
          expect(Buffer.from(stored).toString().split('\0')).toEqual([stored]);
        },
      ),
    );
  });
});
