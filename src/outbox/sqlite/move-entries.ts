import { rollBack } from '../../sqlite/database.js';
import type { Statements } from './statements.js';

/** Rows in one page. */
const PAGE = 500;

/**
 * Moves everything from one open database to another: entries with their leases and delays, and dead letters. An entry keeps its
 * position unless the target has assigned it already. The target's contents stay unchanged.
 *
 * A target that was never used takes over the source's incarnation, because it then holds all of its contents.
 *
 * Nothing else writes to the source meanwhile: if several processes move the same database, they take turns.
 *
 * @param openOther opens the target
 * @param onCopied runs before the source is emptied
 * @returns how many entries and dead letters there were
 * @throws the driver's error, or that of `onCopied`; the source then still holds everything
 */
export function moveEntries(from: Statements, openOther: () => Statements, onCopied?: () => void): number {
  from.begin.run();
  try {
    const count = copyAll(from, openOther());
    onCopied?.();
    try {
      for (const statement of from.clear) statement.run();
      from.commit.run();
    } catch {
      // Its disk may be full, or it is damaged. An event delivered from both files counts once.
      rollBack(() => from.rollback.run());
    }
    return count;
  } catch (error) {
    rollBack(() => from.rollback.run());
    throw error;
  }
}

function copyAll(from: Statements, to: Statements): number {
  to.begin.run();
  try {
    const count = copyEntries(from, to) + copyDeadLetters(from, to);
    to.commit.run();
    return count;
  } catch (error) {
    rollBack(() => to.rollback.run());
    throw error;
  }
}

function copyEntries(from: Statements, to: Statements): number {
  const old = from.totals.all()[0]!;
  const there = to.totals.all()[0]!;
  if (there.position === 0) to.adopt.run(old.incarnation);
  to.holdFresh.run();
  let { position } = there;
  let entries = 0;
  let bytes = 0;
  let count = 0;
  for (const row of pages((after) => from.wholeEntries.all(after.position, PAGE), { position: 0 })) {
    count += 1;
    const place = Math.max(row.position, position + 1);
    const { distinct_id, record, people, appended_at, until, token } = row;
    const { changes } = to.insert.run(place, distinct_id, record, row.bytes, people, appended_at);
    if (Number(changes) === 0) continue;
    position = place;
    entries += 1;
    bytes += row.bytes;
    to.requeueIdentify.run(place);
    to.holdAs.run(place, until, token);
  }
  // Positions must keep growing for a process that has seen the last one.
  to.addToTotals.run(entries, bytes, Math.max(position, old.position));
  to.advanceCursor.run(position, Math.max(there.clock, old.clock));
  return count;
}

function copyDeadLetters(from: Statements, to: Statements): number {
  let count = 0;
  for (const row of pages((after) => from.wholeDeadLetters.all(after.number, PAGE), { number: 0 })) {
    count += 1;
    to.putDeadLetter.run(row.distinct_id, row.record, row.bytes, row.people, row.outcome, row.dead_at);
  }
  return count;
}

function* pages<Key extends object, Row extends Key>(read: (after: Key) => readonly Row[], start: Key): Generator<Row> {
  for (let rows = read(start); rows.length > 0; rows = read(rows.at(-1)!)) yield* rows;
}
