import { readOrNothing } from '../durable/decoded-claim.js';
import type { EntryCodec } from '../durable/entry-codec.js';
import { fromStoredId, toStoredId } from '../durable/stored-id.js';
import type { DeadLetter, DeadLetters } from '../outbox.js';
import type { Database } from './database.js';
import type { Statements } from './statements.js';

type LetterRow = readonly [distinctId: string, outcome: string, deadAt: string, record: string];

type FoundRow = readonly [distinctId: string, record: string];

export interface DeadLettersParts {
  readonly database: Database;
  readonly statements: Statements;
  readonly records: EntryCodec;
  readonly now: () => string | null;
}

/** The table of dead letters. */
export function createDeadLetters({ database, statements, records, now }: DeadLettersParts): DeadLetters {
  const count = async (text: string, values: (string | null)[]): Promise<number> =>
    Number(await database.run<string>(text, values));

  return {
    count: () => count(statements.countLetters, []),
    async list({ limit, offset = 0 }) {
      const rows = await database.run<readonly LetterRow[]>(statements.listLetters, [String(limit), String(offset)]);
      return rows.map((row) => toLetter(row, records));
    },
    async get(distinctId) {
      const [row] = await database.run<readonly LetterRow[]>(statements.getLetter, [toStoredId(distinctId)]);
      return row === undefined ? undefined : toLetter(row, records);
    },
    async replay(distinctIds) {
      const ids = [...new Set(distinctIds)].map(toStoredId);
      const letters = await database.run<readonly FoundRow[]>(statements.findLetters, [JSON.stringify(ids)]);
      const given = letters.map(([storedId, record]) => {
        const entry = records.readAny(fromStoredId(storedId), record);
        return { distinct_id: storedId, people: entry === undefined ? [] : records.people(entry) };
      });
      const [replayed] = await database.run<readonly [count: string]>(statements.replay, [
        JSON.stringify(given),
        now(),
      ]);
      return Number(replayed);
    },
    discard: (distinctIds) => count(statements.discard, [JSON.stringify(distinctIds.map(toStoredId))]),
  };
}

function toLetter([storedId, outcome, deadAt, record]: LetterRow, records: EntryCodec): DeadLetter {
  const distinctId = fromStoredId(storedId);
  return {
    distinctId,
    outcome: records.readOutcome(distinctId, outcome),
    at: Number(deadAt),
    entry: readOrNothing(records, distinctId, record),
  };
}
