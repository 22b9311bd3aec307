import type { DeadLetter, DeadLetters } from '../outbox.js';
import { readOrNothing } from '../reading.js';
import type { Records } from '../records.js';
import { fromStoredId, toStoredId } from '../stored-id.js';
import type { Database } from './database.js';
import type { Statements } from './statements.js';

interface LetterRow {
  readonly distinct_id: string;
  readonly outcome: string;
  readonly dead_at: string;
  readonly record: string;
}

interface CountRow {
  readonly count: string;
}

export interface DeadLettersParts {
  readonly database: Database;
  readonly statements: Statements;
  readonly records: Records;
  readonly now: () => string | null;
}

/** The table of dead letters. */
export function createDeadLetters({ database, statements, records, now }: DeadLettersParts): DeadLetters {
  const count = async (text: string, values: (string | null)[]): Promise<number> => {
    const [row] = await database.run<CountRow>(text, values);
    return Number(row?.count ?? 0);
  };

  return {
    count: () => count(statements.countLetters, []),
    async list({ limit, offset = 0 }) {
      const rows = await database.run<LetterRow>(statements.listLetters, [String(limit), String(offset)]);
      return rows.map((row) => toLetter(row, records));
    },
    async get(distinctId) {
      const [row] = await database.run<LetterRow>(statements.getLetter, [toStoredId(distinctId)]);
      return row === undefined ? undefined : toLetter(row, records);
    },
    replay: (distinctIds) => count(statements.replay, [JSON.stringify(distinctIds.map(toStoredId)), now()]),
    discard: (distinctIds) => count(statements.discard, [JSON.stringify(distinctIds.map(toStoredId))]),
  };
}

function toLetter(row: LetterRow, records: Records): DeadLetter {
  const distinctId = fromStoredId(row.distinct_id);
  return {
    distinctId,
    outcome: records.readOutcome(row.outcome),
    at: Number(row.dead_at),
    entry: readOrNothing(records, distinctId, row.record),
  };
}
