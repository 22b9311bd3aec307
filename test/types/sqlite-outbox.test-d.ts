import type BetterSqlite3 from 'better-sqlite3';
import type Libsql from 'libsql';
import { describe, expectTypeOf, it } from 'vitest';
import type { ClientOptions } from '../../src/index.js';
import { createSqliteOutbox, type SqliteDatabase } from '../../src/outbox/sqlite/index.js';

describe('a database for the sqlite outbox', () => {
  it('may be one of better-sqlite3 or libsql', () => {
    expectTypeOf<BetterSqlite3.Database>().toExtend<SqliteDatabase>();
    expectTypeOf<Libsql.Database>().toExtend<SqliteDatabase>();
  });

  it('makes an outbox for the client', () => {
    expectTypeOf(createSqliteOutbox({ file: 'events.db' })).toExtend<NonNullable<ClientOptions['outbox']>>();
  });

  it('is an open one', () => {
    // @ts-expect-error a path is a file
    createSqliteOutbox({ database: 'events.db' });
    // @ts-expect-error nothing can be prepared in it
    createSqliteOutbox({ database: { exec: () => undefined } });
  });
});
