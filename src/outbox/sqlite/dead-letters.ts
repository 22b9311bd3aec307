import type { DeadLetter, DeadLetters } from '../outbox.js';
import { readOrNothing } from '../reading.js';
import type { Records } from '../records.js';
import { fromStoredId, toStoredId } from '../stored-id.js';
import type { SqliteFile } from './file.js';
import type { LetterRow } from './statements.js';

/** The file's dead letters. */
export function createDeadLetters(file: SqliteFile, records: Records, now: () => number): DeadLetters {
  const toLetter = (row: LetterRow): DeadLetter => {
    const distinctId = fromStoredId(row.distinct_id);
    return {
      distinctId,
      outcome: records.readOutcome(distinctId, row.outcome),
      at: row.dead_at,
      entry: readOrNothing(records, distinctId, row.record),
    };
  };

  return {
    count: () => file.patiently(() => file.read(({ countLetters }) => countLetters.all()[0]!.count)),
    list: ({ limit, offset = 0 }) =>
      file.patiently(() => file.read(({ listLetters }) => listLetters.all(limit, offset)).map(toLetter)),
    get: (distinctId) =>
      file.patiently(() => file.read(({ findLetter }) => findLetter.all(toStoredId(distinctId))).map(toLetter)[0]),
    replay: (distinctIds) =>
      file.patiently(() =>
        file.write(({ totals, raise, raiseIdentify, bytesAt, discard, addToTotals }) => {
          let removed = 0;
          for (const id of distinctIds.map(toStoredId)) {
            const position = totals.all()[0]!.position + 1;
            if (raise.run(position, Math.trunc(now()), id).changes) {
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
