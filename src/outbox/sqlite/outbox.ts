import { randomUUID } from 'node:crypto';
import type { Undelivered } from '../../core/outcome.js';
import type { Entry } from '../../protocol/event.js';
import type { Identity } from '../../protocol/identity.js';
import type { DurablyAppended, StoreMark } from '../../tracking/polled-outbox.js';
import { claimReadable } from '../durable/claim-readable.js';
import { DecodedClaim } from '../durable/decoded-claim.js';
import type { EntryCodec } from '../durable/entry-codec.js';
import { FORGET_PAGE, type FoundRow, forget, type StoredRow } from '../durable/forget.js';
import { GroupCommit } from '../durable/group-commit.js';
import { OrphanSweep } from '../durable/orphan-sweep.js';
import { fromStoredId, toStoredId } from '../durable/stored-id.js';
import type { ClaimOptions, DeadLetters, DurableOutbox, ForgetOptions, Forgotten, OutboxStats } from '../outbox.js';
import { advanceCursor, type Hold, holdPlaces, type NamedPlace, toJson } from './claim.js';
import { createDeadLetters } from './dead-letters.js';
import type { SqliteFile } from './file.js';
import type { Place, Statements } from './statements.js';

export interface SqliteOutboxOptions {
  readonly file: SqliteFile;
  readonly codec: EntryCodec;
  readonly maxQueueSize: number;
  readonly maxQueueBytes: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** The clock for leases and delays, in milliseconds: shared by all processes of the machine and never set. */
  readonly machineClock: () => number;
}

/** An outbox on a file. Each method is one transaction. */
export class SqliteOutbox implements DurableOutbox {
  readonly durable = true;
  readonly deadLetters: DeadLetters;
  readonly countUnsealed?: () => Promise<number>;
  readonly #options: SqliteOutboxOptions;
  readonly #appends: GroupCommit;
  readonly #holds = new WeakMap<Entry, Hold>();
  readonly #orphans = new OrphanSweep();

  constructor(options: SqliteOutboxOptions) {
    const { file, codec, now } = options;
    this.#options = options;
    this.#appends = new GroupCommit({ commit: async (entries) => this.#commit(entries) });
    this.deadLetters = createDeadLetters(file, codec, now);
    if (codec.seals) {
      this.countUnsealed = () => file.retrying(() => file.read(({ countUnsealed }) => countUnsealed.all()[0]!.count));
    }
  }

  append(entries: readonly Entry[]): Promise<DurablyAppended> {
    return this.#appends.append(entries);
  }

  async claim(options: ClaimOptions): Promise<readonly Entry[]> {
    const { file } = this.#options;
    // In an idle process this read avoids taking the write lock.
    const [first] = await file.retrying(() => file.read(({ oldest }) => oldest.all()));
    const notice = file.takeNotice();
    if (notice !== undefined) throw notice;
    if (first === undefined) return [];
    await this.#orphans.run(() => this.#removeOrphans());
    const claimed = await claimReadable<Hold>(
      {
        claim: (before) => this.#claim(options, before),
        release: (holds, delayMs) => this.#release(holds, delayMs),
        deadLetter: (holds, outcome) => this.#settle(holds, outcome),
      },
      file.name,
    );
    for (const [entry, hold] of claimed) this.#holds.set(entry, hold);
    return [...claimed.keys()];
  }

  ack(entries: readonly Entry[]): Promise<void> {
    return this.#settle(this.#holdsOf(entries));
  }

  deadLetter(entries: readonly Entry[], outcome: Undelivered): Promise<void> {
    return this.#settle(this.#holdsOf(entries), outcome);
  }

  release(entries: readonly Entry[], delayMs: number): Promise<void> {
    return this.#release(this.#holdsOf(entries), delayMs);
  }

  lookUp(distinctIds: readonly string[]): Promise<ReadonlyMap<string, 'inside' | Undelivered>> {
    const { file, codec } = this.#options;
    return file.retrying(() =>
      file.read(({ find, findDeadLetter }) => {
        const known = new Map<string, 'inside' | Undelivered>();
        for (const distinctId of distinctIds) {
          const id = toStoredId(distinctId);
          if (find.all(id).length > 0) known.set(distinctId, 'inside');
          else
            for (const { outcome } of findDeadLetter.all(id))
              known.set(distinctId, codec.readOutcome(distinctId, outcome));
        }
        return known;
      }),
    );
  }

  oldest(): Promise<{ readonly position: number; readonly appendedAt: number } | undefined> {
    const { file } = this.#options;
    return file.retrying(() => {
      const [row] = file.read(({ oldest }) => oldest.all());
      return row && { position: row.position, appendedAt: row.appended_at };
    });
  }

  async forget(person: Identity, options?: ForgetOptions): Promise<Forgotten> {
    const { file, codec } = this.#options;
    const page = <Row extends { readonly distinct_id: string; readonly record: string }>(
      read: (statements: Statements) => readonly Row[],
      keyOf: (row: Row) => number,
    ): Promise<StoredRow[]> =>
      file.retrying(() =>
        file.read(read).map((row) => ({
          key: String(keyOf(row)),
          distinctId: fromStoredId(row.distinct_id),
          record: row.record,
        })),
      );
    const forgotten = await forget(person, options, codec, {
      entries: (after = '0') =>
        page(
          ({ wholeEntries }) => wholeEntries.all(Number(after), FORGET_PAGE),
          ({ position }) => position,
        ),
      deadLetterRows: (after = '0') =>
        page(
          ({ wholeDeadLetters }) => wholeDeadLetters.all(Number(after), FORGET_PAGE),
          ({ number }) => number,
        ),
      remove: (keys, dryRun) => file.retrying(() => file.write((statements) => this.#remove(statements, keys, dryRun))),
      deadLetters: this.deadLetters,
    });
    if (!options?.dryRun) await file.erase('now');
    return forgotten;
  }

  mark(): Promise<StoreMark> {
    const { file } = this.#options;
    return file.retrying(() => {
      const { incarnation, position } = file.read(({ totals }) => totals.all()[0]!);
      return { incarnation, position };
    });
  }

  takeNotice(): string | undefined {
    return this.#options.codec.takeNotice();
  }

  stats(): Promise<OutboxStats> {
    const { file } = this.#options;
    return file.retrying(() =>
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
    const { file, codec, maxQueueSize, maxQueueBytes } = this.#options;
    // Before the transaction, which blocks other writers.
    const texts = entries.map((entry) => codec.write(entry));
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
        const people = entry.kind === 'identify' ? codec.people(entry) : undefined;
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

  /** Claims the next entries. Empty only if none can be claimed. */
  async #claim(options: ClaimOptions, before: DecodedClaim<Hold> | undefined): Promise<DecodedClaim<Hold>> {
    const { file, codec } = this.#options;
    const token = randomUUID();
    for (;;) {
      const decoded = await file.retrying(() =>
        file.write((statements) => {
          const now = this.#machineNow();
          const places = advanceCursor(statements, now, options);
          if (places.length === 0) return undefined;
          return holdPlaces({ statements, codec, before, token, until: now + options.leaseMs }, places);
        }),
      );
      if (decoded === undefined) return new DecodedClaim(codec, before);
      if (decoded.entries.size > 0 || !decoded.isWhole) return decoded;
      // All of them were behind an identify. There may be many more, and other work must not wait for them.
      await new Promise(setImmediate);
    }
  }

  async #removeOrphans(): Promise<number> {
    const { file } = this.#options;
    const found = await file.retrying(() => file.read(({ orphans }) => orphans.all()));
    if (found.length === 0) return 0;
    return file.retrying(() =>
      file.write(({ orphans, removeIdentifies, requeueBehind }) => {
        // Once more: this may be another file by now.
        const positions = toJson(orphans.all());
        requeueBehind.run(positions);
        return Number(removeIdentifies.run(positions).changes);
      }),
    );
  }

  #remove(statements: Statements, keys: readonly string[], dryRun: boolean): FoundRow[] {
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
    return rows.map(({ position, claimedUntil }) => ({ key: String(position), isClaimed: claimedUntil > now }));
  }

  /** Removes entries, to the dead letters if there is an outcome. */
  #end(statements: Statements, places: readonly NamedPlace[], outcome?: Undelivered): void {
    const positions = toJson(places);
    if (outcome !== undefined) {
      const { codec } = this.#options;
      const ended = places.map(({ position, distinctId }) => [position, codec.writeOutcome(distinctId, outcome)]);
      statements.deadLetter.run(this.#now(), JSON.stringify(ended));
    }
    statements.remove.run(positions);
    statements.removeHolds.run(positions);
    if (Number(statements.removeIdentifies.run(positions).changes) > 0) statements.requeueBehind.run(positions);
    statements.addToTotals.run(-places.length, -places.reduce((sum, { bytes }) => sum + bytes, 0), 0);
  }

  async #settle(holds: readonly Hold[], outcome?: Undelivered): Promise<void> {
    const left = await this.#withHeld(holds, (statements, token, places) =>
      this.#end(statements, stillHeld(statements, token, places), outcome),
    );
    if (left !== undefined) await this.#options.file.erase(left === 0 ? 'once a second' : 'soon');
  }

  async #release(holds: readonly Hold[], delayMs: number): Promise<void> {
    await this.#withHeld(holds, (statements, token, places) => {
      statements.delay.run(delayMs > 0 ? this.#machineNow() + Math.ceil(delayMs) : 0, token, toJson(places));
    });
  }

  #holdsOf(entries: readonly Entry[]): Hold[] {
    return entries.flatMap((entry) => this.#holds.get(entry) ?? []);
  }

  /**
   * Runs `work` in one transaction, for each claim that holds some of the places.
   *
   * @returns the number of entries afterwards; `undefined` without holds
   */
  async #withHeld(
    holds: readonly Hold[],
    work: (statements: Statements, token: string, places: readonly NamedPlace[]) => void,
  ): Promise<number | undefined> {
    if (holds.length === 0) return undefined;
    const byToken = new Map<string, Hold[]>();
    for (const hold of holds) {
      const places = byToken.get(hold.token);
      if (places === undefined) byToken.set(hold.token, [hold]);
      else places.push(hold);
    }
    const { file } = this.#options;
    return file.retrying(() =>
      file.write((statements) => {
        for (const [token, places] of byToken) work(statements, token, places);
        return statements.totals.all()[0]!.entries;
      }),
    );
  }
}

/** The places that the token still holds. */
function stillHeld<Held extends Place>(
  { heldBy }: Statements,
  token: string,
  places: readonly Held[],
): readonly Held[] {
  const held = heldBy.all(token, toJson(places));
  if (held.length === places.length) return places;
  const positions = new Set(held.map(({ position }) => position));
  return places.filter(({ position }) => positions.has(position));
}
