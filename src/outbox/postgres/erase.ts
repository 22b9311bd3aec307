import { type ErasableStore, FORGET_PAGE, type StoredRow } from '../durable/forget.js';
import { fromStoredId } from '../durable/stored-id.js';
import type { DeadLetters } from '../outbox.js';
import type { Database } from './database.js';
import type { Statements } from './statements.js';

type PageRow = readonly [key: string, storedId: string, record: string];

export interface ErasableParts {
  readonly database: Database;
  readonly statements: Statements;
  readonly deadLetters: DeadLetters;
  readonly now: () => string | null;
}

/** The tables as `forget` sees them. */
export function erasableStore({ database, statements, deadLetters, now }: ErasableParts): ErasableStore {
  const page = async (text: string, after: string): Promise<StoredRow[]> => {
    const rows = await database.run<readonly PageRow[]>(text, [after, String(FORGET_PAGE)]);
    return rows.map(([key, storedId, record]) => ({ key, distinctId: fromStoredId(storedId), record }));
  };
  return {
    entries: (after = '0') => page(statements.entriesAfter, after),
    deadLetterRows: (after = '') => page(statements.deadLettersAfter, after),
    async remove(keys, dryRun) {
      const text = dryRun ? statements.findEntries : statements.removeEntries;
      const rows = await database.run<readonly (readonly [string, boolean])[]>(text, [JSON.stringify(keys), now()]);
      return rows.map(([key, isClaimed]) => ({ key, isClaimed }));
    },
    deadLetters,
  };
}
