import { randomUUID } from 'node:crypto';
import type { Undelivered } from '../../core/outcome.js';
import type { Entry } from '../../protocol/event.js';
import type { Identity } from '../../protocol/identity.js';
import type { DurablyAppended, StoreMark } from '../../tracking/polled-outbox.js';
import { type DecodedClaim, UNREADABLE_PAUSE_MS } from '../durable/decoded-claim.js';
import type { EntryCodec } from '../durable/entry-codec.js';
import { FORGET_PAGE, forget, type StoredRow } from '../durable/forget.js';
import { GroupCommit } from '../durable/group-commit.js';
import { fromStoredId, toStoredId } from '../durable/stored-id.js';
import type { ClaimOptions, DeadLetters, DurableOutbox, ForgetOptions, Forgotten, OutboxStats } from '../outbox.js';
import { draw, keepOrder, type NamedPlace, readPlaces, toJson } from './claim.js';
import { createDeadLetters } from './dead-letters.js';
import type { SqliteFile } from './file.js';
import { isTransient } from './sqlite-error.js';
import type { Place, Statements } from './statements.js';

export interface SqliteOutboxOptions {
  readonly file: SqliteFile;
  readonly records: EntryCodec;
  readonly maxQueueSize: number;
  readonly maxQueueBytes: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Milliseconds by a clock that all processes of the machine share and that is never set: for leases and delays. */
  readonly machineClock: () => number;
}

interface Hold extends NamedPlace {
  readonly token: string;
}

/** The outbox over its file: each method is one transaction. */
export class SqliteOutbox implements DurableOutbox {
  readonly durable = true;
  readonly deadLetters: DeadLetters;
  readonly countUnsealed?: () => Promise<number>;
  readonly #options: SqliteOutboxOptions;
  readonly #appends: GroupCommit;
  readonly #holds = new WeakMap<Entry, Hold>();

  constructor(options: SqliteOutboxOptions) {
    const { file, records, now } = options;
    this.#options = options;
    this.#appends = new GroupCommit({ commit: async (entries) => this.#commit(entries), isTransient });
    this.deadLetters = createDeadLetters(file, records, now);
    if (records.areSealed) {
      this.countUnsealed = () => file.patiently(() => file.read(({ countUnsealed }) => countUnsealed.all()[0]!.count));
    }
  }

  append(entries: readonly Entry[]): Promise<DurablyAppended> {
    return this.#appends.append(entries);
  }

  async claim(options: ClaimOptions): Promise<readonly Entry[]> {
    const { file } = this.#options;
    // The usual case of a process with nothing to do takes nobody's turn to write.
    const [first] = await file.patiently(() => file.read(({ oldest }) => oldest.all()));
    const notice = file.takeNotice();
    if (notice !== undefined) throw notice;
    if (first === undefined) return [];
    const token = randomUUID();
    let unreadable: DecodedClaim<NamedPlace> | undefined;
    for (;;) {
      const reading = await file.patiently(() =>
        file.write((statements) => this.#look(statements, token, options, unreadable)),
      );
      if (reading === undefined || (reading.isWhole && unreadable !== undefined)) {
        const error = unreadable?.takeError(file.name);
        if (error !== undefined) throw error;
        if (reading === undefined) return [];
        unreadable = undefined;
      } else if (!reading.isWhole) unreadable = reading;
      else if (reading.entries.size > 0) return this.#handOut(reading, token);
      // Everything there was behind an identify, or could not be read. It may be much, and others want their turn.
      await new Promise(setImmediate);
    }
  }

  ack(entries: readonly Entry[]): Promise<void> {
    return this.#settle(entries);
  }

  deadLetter(entries: readonly Entry[], outcome: Undelivered): Promise<void> {
    return this.#settle(entries, outcome);
  }

  async release(entries: readonly Entry[], delayMs: number): Promise<void> {
    await this.#withHolds(entries, (statements, token, places) => {
      statements.delay.run(delayMs > 0 ? this.#machineNow() + Math.ceil(delayMs) : 0, token, toJson(places));
    });
  }

  lookUp(distinctIds: readonly string[]): Promise<ReadonlyMap<string, 'inside' | Undelivered>> {
    const { file, records } = this.#options;
    return file.patiently(() =>
      file.read(({ find, findLetter }) => {
        const known = new Map<string, 'inside' | Undelivered>();
        for (const distinctId of distinctIds) {
          const id = toStoredId(distinctId);
          if (find.all(id).length > 0) known.set(distinctId, 'inside');
          else
            for (const { outcome } of findLetter.all(id))
              known.set(distinctId, records.readOutcome(distinctId, outcome));
        }
        return known;
      }),
    );
  }

  oldest(): Promise<{ readonly position: number; readonly appendedAt: number } | undefined> {
    const { file } = this.#options;
    return file.patiently(() => {
      const [row] = file.read(({ oldest }) => oldest.all());
      return row && { position: row.position, appendedAt: row.appended_at };
    });
  }

  async forget(person: Identity, options: ForgetOptions = {}): Promise<Forgotten> {
    const { file, records } = this.#options;
    const page = <Row extends { readonly distinct_id: string; readonly record: string }>(
      read: (statements: Statements) => readonly Row[],
      keyOf: (row: Row) => number,
    ): Promise<StoredRow[]> =>
      file.patiently(() =>
        file.read(read).map((row) => ({
          key: String(keyOf(row)),
          distinctId: fromStoredId(row.distinct_id),
          record: row.record,
        })),
      );
    const forgotten = await forget(person, options, records, {
      entries: (after = '0') =>
        page(
          ({ wholeEntries }) => wholeEntries.all(Number(after), FORGET_PAGE),
          ({ position }) => position,
        ),
      letters: (after = '0') =>
        page(
          ({ wholeLetters }) => wholeLetters.all(Number(after), FORGET_PAGE),
          ({ number }) => number,
        ),
      remove: (keys, dryRun) =>
        file.patiently(() => file.write((statements) => this.#remove(statements, keys, dryRun))),
      deadLetters: this.deadLetters,
    });
    if (!options.dryRun) await file.erase('now');
    return forgotten;
  }

  mark(): Promise<StoreMark> {
    const { file } = this.#options;
    return file.patiently(() => {
      const { incarnation, position } = file.read(({ totals }) => totals.all()[0]!);
      return { incarnation, position };
    });
  }

  takeNotice(): string | undefined {
    return this.#options.records.takeNotice();
  }

  stats(): Promise<OutboxStats> {
    const { file } = this.#options;
    return file.patiently(() =>
      file.read((statements) => {
        const { entries, bytes } = statements.totals.all()[0]!;
        const claimed = statements.claimed.all(this.#machineNow())[0]!.count;
        return { waiting: entries - claimed, claimed, bytes };
      }),
    );
  }

  async close(): Promise<void> {
    await this.#appends.close();
    this.#options.file.close();
  }

  #now(): number {
    return Math.trunc(this.#options.now());
  }

  #machineNow(): number {
    return Math.trunc(this.#options.machineClock());
  }

  #commit(entries: readonly Entry[]): DurablyAppended {
    const { file, records, maxQueueSize, maxQueueBytes } = this.#options;
    // Before the transaction, in which others have to wait.
    const texts = entries.map((entry) => records.write(entry));
    const store = (statements: Statements): DurablyAppended => {
      const now = this.#now();
      const dropped: Entry[] = [];
      const duplicates: Entry[] = [];
      const totals = statements.totals.all()[0]!;
      const { incarnation } = totals;
      let { entries: size, bytes, position } = totals;
      const before = { size, bytes };
      for (const [index, entry] of entries.entries()) {
        const id = toStoredId(entry.distinctId);
        if (size >= maxQueueSize || bytes + entry.body.length > maxQueueBytes) {
          if (statements.find.all(id).length > 0) duplicates.push(entry);
          else dropped.push(entry);
          continue;
        }
        const people = entry.kind === 'identify' ? records.people(entry) : undefined;
        const values = [id, texts[index]!, entry.body.length, people ? JSON.stringify(people) : null, now];
        if (Number(statements.insert.run(position + 1, ...values).changes) === 0) {
          duplicates.push(entry);
          continue;
        }
        position += 1;
        size += 1;
        bytes += entry.body.length;
        for (const person of people ?? []) statements.insertIdentify.run(person, position);
      }
      statements.addToTotals.run(size - before.size, bytes - before.bytes, position);
      return { dropped, duplicates, position, incarnation };
    };
    return file.append(store, (appended, { totals }) => {
      const { position, incarnation } = totals.all()[0]!;
      return { ...appended, position, incarnation };
    });
  }

  /**
   * Looks at the next entries that can be had and claims those that are in order; `undefined` when there are none. Once
   * something unreadable was found, it only looks for more of that: the claim will reject.
   */
  #look(
    statements: Statements,
    token: string,
    options: ClaimOptions,
    unreadable: DecodedClaim<NamedPlace> | undefined,
  ): DecodedClaim<NamedPlace> | undefined {
    const { records } = this.#options;
    const now = this.#machineNow();
    const places = draw(statements, now, options);
    if (places.length === 0) return undefined;
    const reading = readPlaces(statements, records, places, unreadable);
    if (!reading.isWhole) {
      statements.hold.run(0, null, null, toJson([...reading.entries.values()]));
      statements.hold.run(now + UNREADABLE_PAUSE_MS, null, null, toJson(reading.kept));
      this.#end(statements, reading.damaged, reading.outcome);
    } else if (unreadable === undefined) {
      keepOrder(statements, records, reading.entries);
      statements.hold.run(now + options.leaseMs, token, null, toJson([...reading.entries.values()]));
    } else {
      return reading;
    }
    statements.advance.run(places.at(-1)!.position, now);
    return reading;
  }

  #handOut({ entries }: DecodedClaim<NamedPlace>, token: string): readonly Entry[] {
    for (const [entry, place] of entries) this.#holds.set(entry, { ...place, token });
    return [...entries.keys()];
  }

  #remove(statements: Statements, keys: readonly string[], dryRun: boolean): { entries: number; claimed: number } {
    const rows = statements.places.all(JSON.stringify(keys.map(Number)));
    const now = this.#machineNow();
    if (!dryRun) {
      const places = rows.map(({ position, bytes, distinct_id }) => ({
        position,
        bytes,
        distinctId: fromStoredId(distinct_id),
      }));
      this.#end(statements, places);
    }
    return { entries: rows.length, claimed: rows.filter(({ claimedUntil }) => claimedUntil > now).length };
  }

  /** Takes entries out, to the dead letters if there is an outcome. */
  #end(statements: Statements, places: readonly NamedPlace[], outcome?: Undelivered): void {
    const positions = toJson(places);
    if (outcome !== undefined) {
      const { records } = this.#options;
      const ended = places.map(({ position, distinctId }) => [position, records.writeOutcome(distinctId, outcome)]);
      statements.bury.run(this.#now(), JSON.stringify(ended));
    }
    statements.remove.run(positions);
    statements.removeHolds.run(positions);
    if (Number(statements.removeIdentifies.run(positions).changes) > 0) statements.free.run(positions);
    statements.addToTotals.run(-places.length, -places.reduce((sum, { bytes }) => sum + bytes, 0), 0);
  }

  async #settle(entries: readonly Entry[], outcome?: Undelivered): Promise<void> {
    const left = await this.#withHolds(entries, (statements, token, places) =>
      this.#end(statements, kept(statements, token, places), outcome),
    );
    if (left !== undefined) await this.#options.file.erase(left === 0 ? 'once a second' : 'soon');
  }

  /**
   * Does something in one transaction with the entries that this process has claimed; others are left alone.
   *
   * @returns how many entries there are then; `undefined` when there was nothing to do
   */
  async #withHolds(
    entries: readonly Entry[],
    work: (statements: Statements, token: string, places: readonly NamedPlace[]) => void,
  ): Promise<number | undefined> {
    const byToken = new Map<string, NamedPlace[]>();
    for (const entry of entries) {
      const hold = this.#holds.get(entry);
      if (hold === undefined) continue;
      const places = byToken.get(hold.token);
      if (places === undefined) byToken.set(hold.token, [hold]);
      else places.push(hold);
    }
    if (byToken.size === 0) return undefined;
    const { file } = this.#options;
    return file.patiently(() =>
      file.write((statements) => {
        for (const [token, places] of byToken) work(statements, token, places);
        return statements.totals.all()[0]!.entries;
      }),
    );
  }
}

/** Those of the places that the token still holds. */
function kept<Held extends Place>({ heldBy }: Statements, token: string, places: readonly Held[]): readonly Held[] {
  const held = heldBy.all(token, toJson(places));
  if (held.length === places.length) return places;
  const positions = new Set(held.map(({ position }) => position));
  return places.filter(({ position }) => positions.has(position));
}
