import { expect, it } from 'vitest';
import { transact } from '../../src/sqlite/database.js';

it('a transaction fails for its own reason where SQLite has rolled it back, as on a full disk', () => {
  const full = new Error('database or disk is full');
  const database = {
    exec(sql: string): void {
      if (sql === 'ROLLBACK') throw new Error('cannot rollback - no transaction is active');
    },
  };
  const fail = (): never => {
    throw full;
  };
  expect(() => transact(database, fail)).toThrow(full);
});
