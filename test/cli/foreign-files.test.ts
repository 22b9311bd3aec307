import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Command, UsageError } from '../../src/cli/command.js';
import { deadLetters } from '../../src/cli/dead-letters.js';
import { dev } from '../../src/cli/dev.js';
import { doctor } from '../../src/cli/doctor.js';
import { forget } from '../../src/cli/forget.js';
import { status } from '../../src/cli/status.js';
import { createCollector } from '../../src/collector/index.js';
import { holdsOutbox } from '../../src/outbox/sqlite/holds-outbox.js';
import { createSqliteOutbox } from '../../src/outbox/sqlite/index.js';
import { loadSqlite } from '../../src/sqlite/load-sqlite.js';
import { startProgram } from '../support/child.js';
import { freshFile } from './outbox-file.js';
import { run } from './running.js';

/** A database of another application, which its group shares. */
async function applicationFile(sql = 'CREATE TABLE users (name TEXT)'): Promise<string> {
  const file = await freshFile();
  const database = new (loadSqlite())(file);
  database.exec(sql);
  database.close();
  await chmod(file, 0o664);
  return file;
}

async function collectorFile(): Promise<string> {
  const data = await freshFile();
  await (await createCollector({ data })).close();
  // The log goes with the last connection, and the collector's may be freed at any time after it was closed: this one keeps it.
  const reader = new (loadSqlite())(data);
  reader.prepare('SELECT count(*) FROM sqlite_master').get();
  onTestFinished(() => void reader.close());
  return data;
}

async function outboxFile(): Promise<string> {
  const file = await freshFile();
  const outbox = createSqliteOutbox({ file });
  await outbox.oldest();
  await outbox.close();
  return file;
}

/** A database in the state in which a killed process leaves it: its last changes are in the write-ahead log only. */
async function killed(file: string, sql: string): Promise<string> {
  const program = fileURLToPath(new URL('./killed-writer.ts', import.meta.url));
  const { signal, stderr } = await startProgram(
    ['--import', 'tsx', '--disable-warning=DEP0205', program, file, sql],
    '',
  ).end;
  expect(signal, stderr).toBe('SIGKILL');
  expect((await stat(`${file}-wal`)).size).toBeGreaterThan(0);
  return file;
}

/** The database and its log. */
async function lookAtLog(file: string) {
  return [await lookAt(file), (await readFile(`${file}-wal`)).toString('latin1')];
}

/** All that a command could change of a file and its folder. */
async function lookAt(file: string) {
  const { mode } = await stat(file);
  return { mode, bytes: (await readFile(file)).toString('latin1'), folder: await readdir(dirname(file)) };
}

const EXPERIMENTS = { OURS_EXPERIMENT_TOKEN: 'exp_shop' };
const person = ['--user-id', 'v1', '--yes'];
const asOutbox: readonly [string, Command, string[]][] = [
  ['status', status, []],
  ['forget', forget, person],
  ['dead-letters list', deadLetters, ['list']],
];

describe('a command that reads an outbox', () => {
  it.each(
    asOutbox.flatMap(([name, command, args]) => [
      [name, 'an application’s database', command, args, () => applicationFile()] as const,
      [name, 'a collector’s file', command, args, collectorFile] as const,
    ]),
  )('%s: says that %s holds no outbox, and leaves it as it is', async (_name, _kind, command, args, create) => {
    const file = await create();
    const before = await lookAt(file);
    const { printed, error } = await run(command, [...args, '--sqlite', file]);
    expect(error?.message).toContain(`${file} holds no outbox`);
    expect(error).not.toBeInstanceOf(UsageError);
    expect(printed).toEqual([]);
    expect(await lookAt(file)).toEqual(before);
  });

  it('doctor: reports it as an error of the outbox, and leaves it as it is', async () => {
    const file = await applicationFile();
    const before = await lookAt(file);
    const { printed, error } = await run(doctor, ['--sqlite', file, '--base-url', 'http://127.0.0.1:9']);
    expect(printed.join('\n')).toContain('holds no outbox');
    expect(error).toBeDefined();
    expect(await lookAt(file)).toEqual(before);
  });

  it('leaves a file that is no database as it is', async () => {
    const file = await freshFile();
    await writeFile(file, 'name,email\n'.repeat(500), { mode: 0o644 });
    const before = await lookAt(file);
    expect((await run(status, ['--sqlite', file])).error?.message).toContain('SQLITE_NOTADB');
    expect((await run(forget, [...person, '--data', file])).error?.message).toContain('cannot be read');
    expect((await run(forget, [...person, '--exposures', file], { env: EXPERIMENTS })).error?.message).toContain(
      `${file} cannot be read`,
    );
    expect(await lookAt(file)).toEqual(before);
  });
});

describe('a database that a killed process has left', () => {
  const foreign = async (): Promise<string> =>
    killed(await freshFile(), 'CREATE TABLE users (name TEXT); INSERT INTO users VALUES (1)');

  it.each<[string, Command, (file: string) => string[]]>([
    ...asOutbox.map(([name, command, args]): [string, Command, (file: string) => string[]] => [
      name,
      command,
      (file) => [...args, '--sqlite', file],
    ]),
    ['forget --data', forget, (file) => [...person, '--data', file]],
    ['forget --exposures', forget, (file) => [...person, '--exposures', file]],
    ['dev', dev, (file) => ['--port', '0', '--data', file]],
  ])('%s: leaves it and its log as they are', async (_, command, args) => {
    const file = await foreign();
    const before = await lookAtLog(file);
    const { error } = await run(command, args(file), { env: EXPERIMENTS });
    expect(error?.message).toMatch(/holds no (outbox|exposures)|is not a collector's file/);
    expect(await lookAtLog(file)).toEqual(before);
  });

  it('is read where its name has the characters of a URL', async () => {
    const file = await killed(`${await freshFile()} 1%2f#?mode=rw`, 'CREATE TABLE ours_outbox (id TEXT)');
    const before = await lookAtLog(file);
    expect(await holdsOutbox(file)).toBe(true);
    expect(await lookAtLog(file)).toEqual(before);
  });
});

describe('a command for a collector’s file', () => {
  it.each<[string, () => Promise<string>]>([
    ['an application’s database', () => applicationFile()],
    ['an application’s database with a table of our name', () => applicationFile('CREATE TABLE names (name TEXT)')],
    [
      'an application’s database of a format number',
      () => applicationFile('CREATE TABLE a (b); PRAGMA user_version = 4'),
    ],
    ['an outbox', outboxFile],
    ['an empty file', () => applicationFile('')],
  ])('forget: refuses %s, and leaves it as it is', async (_, create) => {
    const file = await create();
    const before = await lookAt(file);
    for (const how of ['--dry-run', '--yes']) {
      const { printed, error } = await run(forget, ['--user-id', 'v1', '--data', file, how]);
      expect(error?.message).toContain(`${file} is not a collector's file`);
      expect(error).not.toBeInstanceOf(UsageError);
      expect(printed).toEqual([]);
    }
    expect(await lookAt(file)).toEqual(before);
  });

  it.each<[string, () => Promise<string>]>([
    ['an application’s database', () => applicationFile()],
    ['an application’s database with a table of our name', () => applicationFile('CREATE TABLE names (name TEXT)')],
    ['an outbox', outboxFile],
  ])('dev: refuses %s, and leaves it as it is', async (_, create) => {
    const file = await create();
    const before = await lookAt(file);
    const { error } = await run(dev, ['--port', '0', '--data', file]);
    expect(error?.message).toContain(`${file} is not a collector's file`);
    expect(await lookAt(file)).toEqual(before);
  });

  it('forget: refuses a file that holds no exposures, and leaves it as it is', async () => {
    const file = await applicationFile();
    const before = await lookAt(file);
    const { error } = await run(forget, [...person, '--exposures', file], { env: EXPERIMENTS });
    expect(error?.message).toContain(`${file} holds no exposures`);
    expect(await lookAt(file)).toEqual(before);
  });
});
