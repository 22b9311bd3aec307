import { readDeadLetter } from '../durable/dead-letter.js';
import type { EntryCodec } from '../durable/entry-codec.js';
import { fromStoredId, toStoredId } from '../durable/stored-id.js';
import type { DeadLetter, DeadLetters } from '../outbox.js';
import type { Database } from './database.js';
import type { Statements } from './statements.js';

type DeadLetterRow = readonly [storedId: string, outcome: string, at: string, record: string];

type FoundRow = readonly [distinctId: string, record: string];

export interface DeadLettersParts {
  readonly database: Database;
  readonly statements: Statements;
  readonly codec: EntryCodec;
  readonly now: () => string | null;
}

/** The table of dead letters. */
export function createDeadLetters({ database, statements, codec, now }: DeadLettersParts): DeadLetters {
  const count = async (text: string, values: (string | null)[]): Promise<number> =>
    Number(await database.run<string>(text, values));

  return {
    count: () => count(statements.countDeadLetters, []),
    async list({ limit, offset = 0 }) {
      const rows = await database.run<readonly DeadLetterRow[]>(statements.listDeadLetters, [
        String(limit),
        String(offset),
      ]);
      return rows.map((row) => toDeadLetter(codec, row));
    },
    async get(distinctId) {
      const [row] = await database.run<readonly DeadLetterRow[]>(statements.getDeadLetter, [toStoredId(distinctId)]);
      return row === undefined ? undefined : toDeadLetter(codec, row);
    },
    async replay(distinctIds) {
      const ids = [...new Set(distinctIds)].map(toStoredId);
      const found = await database.run<readonly FoundRow[]>(statements.findDeadLetters, [JSON.stringify(ids)]);
      const given = found.map(([storedId, record]) => {
        const entry = codec.readAny(fromStoredId(storedId), record);
        return { distinct_id: storedId, people: entry === undefined ? [] : codec.people(entry) };
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

function toDeadLetter(codec: EntryCodec, [storedId, outcome, at, record]: DeadLetterRow): DeadLetter {
  return readDeadLetter(codec, { storedId, outcome, at: Number(at), record });
}
