import {
  chmod,
  lchown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createSqliteOutbox, type SqliteOutboxOptions } from '../../../src/outbox/sqlite/index.js';
import { loadSqlite } from '../../../src/sqlite/load-sqlite.js';
import { idsOf, trackEntry } from '../../support/entries.js';
import { EVERYTHING } from '../contract.js';

const Sqlite = loadSqlite();
const DROPPED = { status: 'dropped', reason: 'too_old' } as const;

async function world(options: Omit<SqliteOutboxOptions, 'file'> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'ours-sqlite-files-'));
  const file = join(folder, 'events.db');
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const open = () => {
    const outbox = createSqliteOutbox({ file, ...options });
    onTestFinished(() => outbox.close().catch(() => undefined));
    return outbox;
  };
  return { folder, file, open };
}

async function errorOf(work: Promise<unknown>): Promise<Error> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Error)) throw new Error('it did not fail');
  return error;
}

const without = async (file: string, ...endings: string[]) => {
  for (const ending of endings) await rm(file + ending, { force: true });
};

/** What another process finds, which knows nothing of this one. */
async function found(file: string): Promise<readonly string[]> {
  const other = createSqliteOutbox({ file });
  try {
    const entries = await other.claim(EVERYTHING);
    await other.release(entries, 0);
    return idsOf(entries).toSorted();
  } finally {
    await other.close();
  }
}

describe('an append to an sqlite outbox is only confirmed into the file at its path, and nothing confirmed is lost when', () => {
  it.each([
    ['all of its files are deleted', async (file: string) => without(file, '', '-wal', '-shm')],
    ['the database alone is deleted', async (file: string) => without(file, '')],
    ['the log is deleted', async (file: string) => without(file, '-wal')],
    ['the index of the log is deleted', async (file: string) => without(file, '-shm')],
    ['the log and its index are deleted', async (file: string) => without(file, '-wal', '-shm')],
    ['the database is moved away', async (file: string) => rename(file, `${file}.old`)],
    [
      'another database takes its place',
      async (file: string) => {
        const other = new Sqlite(`${file}.other`);
        other.exec('CREATE TABLE notes (text TEXT)');
        other.close();
        await rename(`${file}.other`, file);
      },
    ],
    [
      'the folder is moved away and made again',
      async (file: string) => {
        await rename(join(file, '..'), join(file, '..', '..', `${file.split('/').at(-2)}-moved`));
        await mkdir(join(file, '..'));
        onTestFinished(() => rm(`${join(file, '..')}-moved`, { recursive: true }));
      },
    ],
  ])('%s', async (_, harm) => {
    const { file, open } = await world();
    const outbox = open();
    const neighbour = open();
    await outbox.append([trackEntry('before')]);
    await neighbour.append([trackEntry('neighbour')]);
    await harm(file);
    const appended = await outbox.append([trackEntry('after')]);
    expect(appended).toMatchObject({ dropped: [], duplicates: [] });
    expect((await outbox.mark()).incarnation).toBe(appended.incarnation);
    expect((await neighbour.append([trackEntry('later')])).dropped).toEqual([]);
    expect(await found(file)).toEqual(['after', 'before', 'later', 'neighbour']);
  });

  it('a backup takes its place, which keeps what only it has', async () => {
    const { file, open } = await world();
    const outbox = open();
    await outbox.append([trackEntry('old')]);
    const database = new Sqlite(file);
    database.exec(`VACUUM INTO '${file}.backup'`);
    database.close();
    await outbox.ack(await outbox.claim(EVERYTHING));
    await outbox.append([trackEntry('new')]);
    const mark = await outbox.mark();
    await rename(`${file}.backup`, file);
    await outbox.append([trackEntry('newest')]);
    expect(await found(file)).toEqual(['new', 'newest', 'old']);
    expect((await outbox.mark()).position).toBeGreaterThan(mark.position);
  });
});

describe('a process that opens the files of an sqlite outbox before the others have noticed a deletion loses nothing of theirs:', () => {
  it.each([
    ['the database', ['']],
    ['the log', ['-wal']],
    ['the index of the log', ['-shm']],
    ['the log and its index', ['-wal', '-shm']],
    ['all files', ['', '-wal', '-shm']],
  ])('%s', async (_, endings) => {
    const { file, open } = await world();
    const [outbox, neighbour] = [open(), open()];
    await outbox.append([trackEntry('outbox')]);
    await neighbour.append([trackEntry('neighbour')]);
    await without(file, ...endings);
    // Makes no call any more: it has to notice without one.
    const fresh = open();
    expect((await fresh.append([trackEntry('fresh')])).dropped).toEqual([]);
    await expect.poll(() => found(file), { timeout: 30_000 }).toEqual(['fresh', 'neighbour', 'outbox']);
    expect((await neighbour.append([trackEntry('later')])).dropped).toEqual([]);
    expect(await found(file)).toEqual(['fresh', 'later', 'neighbour', 'outbox']);
  });
});

describe('what an sqlite outbox held when its file was deleted', () => {
  it('keeps its leases, delays, dead letters and positions in the new one, which is said once', async () => {
    let now = 0;
    const { file, open } = await world({ now: () => now });
    const outbox = open();
    await outbox.append(['leased', 'delayed', 'dead', 'waiting'].map((id) => trackEntry(id)));
    const [leased, delayed, dead] = await outbox.claim({ ...EVERYTHING, maxEntries: 3 });
    await outbox.release([delayed!], 1_000);
    await outbox.deadLetter([dead!], DROPPED);
    const mark = await outbox.mark();
    await without(file, '', '-wal', '-shm');
    await outbox.stats();
    expect((await errorOf(outbox.claim(EVERYTHING))).message).toMatch(/deleted, moved or replaced.* its 4 events/);
    expect(await outbox.mark()).toEqual(mark);
    expect(idsOf(await outbox.claim(EVERYTHING))).toEqual(['waiting']);
    expect((await outbox.deadLetters.get('dead'))?.outcome).toEqual(DROPPED);
    await outbox.ack([leased!]);
    now = 1_000;
    expect(idsOf(await outbox.claim(EVERYTHING))).toEqual(['delayed']);
    expect(await outbox.stats()).toMatchObject({ claimed: 2, waiting: 0 });
  });

  it('is delivered from the deleted file while there is no folder for a new one, and no event is stored', async () => {
    const { folder, file, open } = await world();
    const outbox = open();
    await outbox.append([trackEntry('a'), trackEntry('b')]);
    await rm(folder, { recursive: true });
    for (const id of ['c', 'd']) {
      const message = expect.stringMatching(/deleted, moved or replaced/);
      expect(await errorOf(outbox.append([trackEntry(id)]))).toMatchObject({ storedNothing: true, message });
    }
    await outbox.ack(await outbox.claim({ ...EVERYTHING, maxEntries: 1 }));
    await mkdir(folder);
    expect((await outbox.append([trackEntry('e')])).dropped).toEqual([]);
    expect(await found(file)).toEqual(['b', 'e']);
  });

  it('is in a new one when the outbox is closed', async () => {
    const { file, open } = await world();
    const outbox = open();
    await outbox.append([trackEntry('a')]);
    await without(file, '', '-wal', '-shm');
    await outbox.close();
    expect(await found(file)).toEqual(['a']);
  });

  it('is reported as lost by close() if it cannot be stored', async () => {
    const { folder, open } = await world();
    const outbox = open();
    await outbox.append([trackEntry('a')]);
    await rm(folder, { recursive: true });
    expect((await errorOf(outbox.close())).message).toMatch(/1 stored events are lost/);
  });
});

describe("a caller's database whose file is deleted", () => {
  it('takes no more events, says why, and delivers what it holds', async () => {
    const { file } = await world();
    const database = new Sqlite(file);
    database.exec('PRAGMA journal_mode = WAL');
    const outbox = createSqliteOutbox({ database });
    await outbox.append([trackEntry('a')]);
    await rm(file);
    const error = await errorOf(outbox.append([trackEntry('b')]));
    expect(error).toMatchObject({ storedNothing: true, message: expect.stringMatching(/replaced.*new outbox/) });
    expect(idsOf(await outbox.claim(EVERYTHING))).toEqual(['a']);
    database.close();
  });
});

describe('the files of an sqlite outbox', () => {
  it('are not made where a link leads with more rights than their owner needs', async () => {
    const { folder, file, open } = await world();
    await symlink(join(folder, 'target.db'), file);
    const outbox = open();
    await outbox.append([trackEntry('a')]);
    for (const name of ['target.db', 'target.db-wal', 'events.db-reserve']) {
      expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
    }
    await rename(join(folder, 'target.db'), join(folder, 'elsewhere.db'));
    await outbox.append([trackEntry('b')]);
    expect(await found(file)).toEqual(['a', 'b']);
  });

  it.each([
    [0o644, 0o600],
    [0o640, 0o600],
    [0o664, 0o660],
  ])('lose the rights of others: %o becomes %o', async (before, after) => {
    const { file, open } = await world();
    await writeFile(file, '');
    await chmod(file, before);
    await open().append([trackEntry('a')]);
    expect((await stat(file)).mode & 0o777).toBe(after);
    expect((await stat(`${file}-wal`)).mode & 0o777).toBe(after);
  });

  it('warn once when others could read what they hold', async () => {
    const { file, open } = await world();
    await open().append([trackEntry('a')]);
    await chmod(file, 0o644);
    const outbox = open();
    const claim = () => outbox.claim({ maxEntries: 1, maxBytes: 1_000, leaseMs: 1_000 });
    await expect(claim()).rejects.toThrow(/had mode 644: others could read/);
    expect(await claim()).toHaveLength(1);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it.runIf(process.getuid?.() === 0).each(['target.db', 'nowhere.db'])(
    'are not reached through a link that another user has made, to %s',
    async (target) => {
      const { folder, file, open } = await world();
      await writeFile(join(folder, 'target.db'), '');
      await symlink(join(folder, target), file);
      await lchown(file, 65_534, 65_534);
      await expect(open().append([trackEntry('a')])).rejects.toThrow('created by another user');
      expect((await stat(join(folder, 'target.db'))).size).toBe(0);
      expect(await readdir(folder)).not.toContain('nowhere.db');
    },
  );
});

describe('no file of an sqlite outbox shows', () => {
  const SECRET = 'patient-4711';
  const secrets = (count: number) =>
    Array.from({ length: count }, (_, index) =>
      trackEntry(`${index}`, { userId: `${SECRET}-${index}-${'x'.repeat(900)}` }),
    );

  async function shows(folder: string): Promise<readonly string[]> {
    const names = await readdir(folder);
    const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'latin1')));
    return names.filter((_, index) => texts[index]!.includes(SECRET));
  }

  it('an event that was delivered, once the outbox is empty', async () => {
    const { folder, open } = await world();
    const outbox = open();
    await outbox.append(secrets(300));
    for (;;) {
      const entries = await outbox.claim({ ...EVERYTHING, maxEntries: 100 });
      if (entries.length === 0) break;
      await outbox.ack(entries);
    }
    expect(await shows(folder)).toEqual([]);
  });

  it('a dead letter that was discarded', async () => {
    const { folder, open } = await world();
    const outbox = open();
    await outbox.append([...secrets(1), trackEntry('stays')]);
    await outbox.deadLetter(await outbox.claim({ ...EVERYTHING, maxEntries: 1 }), DROPPED);
    await outbox.deadLetters.discard(['0']);
    expect(await shows(folder)).toEqual([]);
  });

  it('an event that was delivered while a reader had the log, soon after that has ended', async () => {
    const { folder, file, open } = await world();
    const outbox = open();
    await outbox.append([...secrets(50), trackEntry('stays')]);
    const reader = new Sqlite(file);
    reader.exec('BEGIN');
    reader.prepare('SELECT count(*) FROM ours_entries').all();
    await outbox.ack(await outbox.claim({ ...EVERYTHING, maxEntries: 50 }));
    expect(await shows(folder)).not.toEqual([]);
    reader.exec('COMMIT');
    reader.close();
    await expect.poll(() => shows(folder), { timeout: 30_000 }).toEqual([]);
    expect((await stat(`${file}-wal`)).size).toBe(0);
  });

  it('an event that a killed process had delivered, after the next one has opened the file', async () => {
    const { folder, file, open } = await world();
    const outbox = open();
    await outbox.append(secrets(20));
    await outbox.ack(await outbox.claim({ ...EVERYTHING, maxEntries: 10 }));
    await outbox.deadLetter(await outbox.claim(EVERYTHING), DROPPED);
    // As kill -9 leaves them: the files as they are now.
    const copy = join(folder, 'copy');
    await mkdir(copy);
    for (const ending of ['', '-wal']) await writeFile(join(copy, `events.db${ending}`), await readFile(file + ending));
    const next = createSqliteOutbox({ file: join(copy, 'events.db') });
    onTestFinished(() => next.close());
    await next.deadLetters.discard(Array.from({ length: 20 }, (_, index) => String(index)));
    expect(await shows(copy)).toEqual([]);
  });
});
