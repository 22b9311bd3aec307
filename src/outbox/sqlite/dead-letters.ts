import { readDeadLetter } from '../durable/dead-letter.js';
import type { EntryCodec } from '../durable/entry-codec.js';
import { fromStoredId, toStoredId } from '../durable/stored-id.js';
import type { DeadLetter, DeadLetters } from '../outbox.js';
import type { SqliteFile } from './file.js';
import type { DeadLetterRow } from './statements.js';

/** The file's dead letters. */
export function createDeadLetters(file: SqliteFile, codec: EntryCodec, now: () => number): DeadLetters {
  const toDeadLetter = ({ distinct_id: storedId, outcome, dead_at: at, record }: DeadLetterRow): DeadLetter =>
    readDeadLetter(codec, { storedId, outcome, at, record });

  /** The people of an identify, as JSON. Only the record of a dead letter says which person it is about. */
  const peopleIn = ({ distinct_id, record }: DeadLetterRow): string | null => {
    const entry = codec.readAny(fromStoredId(distinct_id), record);
    return entry?.kind === 'identify' ? JSON.stringify(codec.people(entry)) : null;
  };

  return {
    count: () => file.retrying(() => file.read(({ countDeadLetters }) => countDeadLetters.all()[0]!.count)),
    list: ({ limit, offset = 0 }) =>
      file.retrying(() => file.read(({ listDeadLetters }) => listDeadLetters.all(limit, offset)).map(toDeadLetter)),
    get: (distinctId) =>
      file.retrying(
        () => file.read(({ findDeadLetter }) => findDeadLetter.all(toStoredId(distinctId))).map(toDeadLetter)[0],
      ),
    replay: (distinctIds) =>
      file.retrying(() =>
        file.write(({ totals, findDeadLetter, requeue, requeueIdentify, bytesAt, discard, addToTotals }) => {
          let removed = 0;
          for (const id of distinctIds.map(toStoredId)) {
            const position = totals.all()[0]!.position + 1;
            const people = findDeadLetter.all(id).map(peopleIn)[0] ?? null;
            if (requeue.run(position, people, Math.trunc(now()), id).changes) {
              requeueIdentify.run(position);
              addToTotals.run(1, bytesAt.all(position)[0]!.bytes, position);
            }
            removed += Number(discard.run(id).changes);
          }
          return removed;
        }),
      ),
    async discard(distinctIds) {
      const count = await file.retrying(() =>
        file.write(({ discard }) =>
          distinctIds.reduce((removed, id) => removed + Number(discard.run(toStoredId(id)).changes), 0),
        ),
      );
      await file.erase('now');
      return count;
    },
  };
}
