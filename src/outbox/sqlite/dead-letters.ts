import { readOrNothing } from '../durable/decoded-claim.js';
import type { EntryCodec } from '../durable/entry-codec.js';
import { fromStoredId, toStoredId } from '../durable/stored-id.js';
import type { DeadLetter, DeadLetters } from '../outbox.js';
import type { SqliteFile } from './file.js';
import type { LetterRow } from './statements.js';

/** The file's dead letters. */
export function createDeadLetters(file: SqliteFile, records: EntryCodec, now: () => number): DeadLetters {
  const toLetter = (row: LetterRow): DeadLetter => {
    const distinctId = fromStoredId(row.distinct_id);
    return {
      distinctId,
      outcome: records.readOutcome(distinctId, row.outcome),
      at: row.dead_at,
      entry: readOrNothing(records, distinctId, row.record),
    };
  };

  /** Of an identify: whose it is, as JSON. A letter does not say so outside of its record. */
  const peopleIn = ({ distinct_id, record }: LetterRow): string | null => {
    const entry = records.readAny(fromStoredId(distinct_id), record);
    return entry?.kind === 'identify' ? JSON.stringify(records.people(entry)) : null;
  };

  return {
    count: () => file.patiently(() => file.read(({ countLetters }) => countLetters.all()[0]!.count)),
    list: ({ limit, offset = 0 }) =>
      file.patiently(() => file.read(({ listLetters }) => listLetters.all(limit, offset)).map(toLetter)),
    get: (distinctId) =>
      file.patiently(() => file.read(({ findLetter }) => findLetter.all(toStoredId(distinctId))).map(toLetter)[0]),
    replay: (distinctIds) =>
      file.patiently(() =>
        file.write(({ totals, findLetter, raise, raiseIdentify, bytesAt, discard, addToTotals }) => {
          let removed = 0;
          for (const id of distinctIds.map(toStoredId)) {
            const position = totals.all()[0]!.position + 1;
            const people = findLetter.all(id).map(peopleIn)[0] ?? null;
            if (raise.run(position, people, Math.trunc(now()), id).changes) {
              raiseIdentify.run(position);
              addToTotals.run(1, bytesAt.all(position)[0]!.bytes, position);
            }
            removed += Number(discard.run(id).changes);
          }
          return removed;
        }),
      ),
    async discard(distinctIds) {
      const count = await file.patiently(() =>
        file.write(({ discard }) =>
          distinctIds.reduce((removed, id) => removed + Number(discard.run(toStoredId(id)).changes), 0),
        ),
      );
      await file.erase('now');
      return count;
    },
  };
}
