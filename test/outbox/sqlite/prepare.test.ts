import { describe, expect, it } from 'vitest';
import { prepare } from '../../../src/outbox/sqlite/prepare.js';
import type { Database } from '../../../src/sqlite/database.js';

type NodeSqlite = { readonly DatabaseSync: new (file: string, options?: object) => Database };

const nodeSqlite = process.getBuiltinModule('node:sqlite' as never) as NodeSqlite | undefined;
const ROW = { id: 1, name: 'a' };

describe('a prepared statement returns rows as objects and integers as numbers', () => {
  it('from every driver that can be set to anything else', () => {
    const set: Record<string, boolean> = {};
    const methods = ['safeIntegers', 'setReadBigInts', 'setReturnArrays'] as const;
    const statement = Object.fromEntries(methods.map((name) => [name, (isOn: boolean) => (set[name] = isOn)]));
    prepare({ prepare: () => statement } as never, 'SELECT 1');
    expect(set).toEqual({ safeIntegers: false, setReadBigInts: false, setReturnArrays: false });
  });

  it.skipIf(nodeSqlite === undefined)('from node:sqlite, whose caller wants arrays and bigints', () => {
    const database = new nodeSqlite!.DatabaseSync(':memory:', { returnArrays: true, readBigInts: true });
    database.exec("CREATE TABLE people (id INTEGER, name TEXT); INSERT INTO people VALUES (1, 'a')");
    const statement = prepare(database, 'SELECT * FROM people');
    expect({ ...(statement.get() as object) }).toEqual(ROW);
    expect(statement.all()).toMatchObject([ROW]);
    database.close();
  });
});
