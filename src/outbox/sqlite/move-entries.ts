import type { Statements } from './statements.js';

/** Rows that are read at a time. */
const PAGE = 500;

/**
 * Moves everything from one open database to another: entries with their leases and delays, and dead letters. An entry keeps
 * its position unless the other database has given that already. What the other one holds stays as it is there.
 *
 * A database that was never used takes over the identity of the first one, since it then holds all of its contents.
 *
 * Nothing but this writes to the first database meanwhile, so of several processes that move the same one each does it in turn.
 *
 * @param openOther opens the other database
 * @param onCopied what has to be done before the first database is emptied
 * @returns how many entries and letters there were
 * @throws the driver's error, or that of `onCopied`; then the first database still has everything
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
      // Its disk may be full, or it is damaged. Delivered from both, an event still counts once.
      rollBack(from);
    }
    return count;
  } catch (error) {
    rollBack(from);
    throw error;
  }
}

function copyAll(from: Statements, to: Statements): number {
  to.begin.run();
  try {
    const count = copyEntries(from, to) + copyLetters(from, to);
    to.commit.run();
    return count;
  } catch (error) {
    rollBack(to);
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
    to.raiseIdentify.run(place);
    to.holdAs.run(place, until, token);
  }
  // Positions go on growing for a process that has seen the last one given.
  to.addToTotals.run(entries, bytes, Math.max(position, old.position));
  to.advance.run(position, Math.max(there.clock, old.clock));
  return count;
}

function copyLetters(from: Statements, to: Statements): number {
  let count = 0;
  for (const row of pages((after) => from.wholeLetters.all(after.number, PAGE), { number: 0 })) {
    count += 1;
    to.putLetter.run(row.distinct_id, row.record, row.bytes, row.people, row.outcome, row.dead_at);
  }
  return count;
}

function* pages<Key extends object, Row extends Key>(read: (after: Key) => readonly Row[], start: Key): Generator<Row> {
  for (let rows = read(start); rows.length > 0; rows = read(rows.at(-1)!)) yield* rows;
}

/** Where SQLite has not done so itself, as it does for a full disk. */
export function rollBack(statements: Statements): void {
  try {
    statements.rollback.run();
  } catch {
    // No transaction is open any more.
  }
}
