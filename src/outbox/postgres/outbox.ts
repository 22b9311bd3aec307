import { randomUUID } from 'node:crypto';
import { OursError } from '../../errors.js';
import type { Ledger } from '../../ledger/ledger.js';
import { shareOutbox } from '../../ledger/share-outbox.js';
import type { SharingClient } from '../../ledger/sharing-client.js';
import type { Undelivered } from '../../outcome.js';
import type { Entry } from '../../protocol/event.js';
import { GroupCommit } from '../group-commit.js';
import type {
  ClaimOptions,
  DeadLetters,
  DurablyAppended,
  OutboxStats,
  SqlClient,
  StoreMark,
  TransactionalOutbox,
} from '../outbox.js';
import { Reading, SEALED_PAUSE_MS } from '../reading.js';
import { Records } from '../records.js';
import { retryTransient } from '../retry-transient.js';
import type { SealingKey } from '../sealing.js';
import { fromStoredId, toStoredId } from '../stored-id.js';
import { Bell } from './bell.js';
import { Database } from './database.js';
import { createDeadLetters } from './dead-letters.js';
import { isTransient } from './errors.js';
import { canListen, isPool, Listener, outliveErrors } from './listener.js';
import { namesOf } from './names.js';
import { type Statements, statementsFor } from './statements.js';
import { ANSWER_WITHIN_MS, RETRIED_WITHIN_MS } from './timed-client.js';

export interface PostgresOutboxOptions {
  /** A `pg` Pool or Client, a PGlite, or anything with `query(text, values)`. It stays the caller's to close. */
  readonly client: SqlClient;
  /** A name, or `schema.name`; everything the outbox makes is named after it. @default 'ours_outbox' */
  readonly table?: string | undefined;
  /** Seals what is stored. The first key seals, all of them open. @default nothing is sealed */
  readonly sealingKeys?: readonly SealingKey[] | undefined;
  /** Milliseconds, for tests. @default the database's clock, one for all processes */
  readonly now?: (() => number) | undefined;
}

/** An outbox in a PostgreSQL database. */
export interface PostgresOutbox extends TransactionalOutbox {
  /** Makes the tables where they are missing or old. Any number of processes may call it at once. */
  ensureSchema(): Promise<void>;
}

/**
 * An outbox in your PostgreSQL database, for any number of processes that append and relay.
 *
 * @example
 * const outbox = createPostgresOutbox({ client: new pg.Pool({ connectionString }) });
 * await outbox.ensureSchema();
 * const ours = createClient({ token, outbox });
 *
 * @throws {OursError} `invalid_option` for a client without `query`, a table name that is not plain, or keys that are none
 */
export function createPostgresOutbox(options: PostgresOutboxOptions): PostgresOutbox {
  if (typeof options?.client?.query !== 'function') {
    throw new OursError('invalid_option', 'client must be a pg Pool or Client, or anything with query(text, values).');
  }
  return new TableOutbox(options);
}

class TableOutbox implements PostgresOutbox {
  readonly durable = true;
  readonly deadLetters: DeadLetters;
  readonly watch?: (wake: () => void) => () => void;
  readonly #table: string;
  readonly #database: Database;
  readonly #statements: Statements;
  readonly #records: Records;
  readonly #now: () => string | null;
  readonly #appends: GroupCommit;
  readonly #holds = new WeakMap<Entry, Hold>();
  readonly #bell: Bell;
  readonly #listeners: Listener[] = [];

  constructor({ client, table, sealingKeys, now }: PostgresOutboxOptions) {
    const names = namesOf(table);
    this.#table = names.given;
    this.#database = new Database(client, names);
    this.#statements = statementsFor(names);
    this.#records = new Records(sealingKeys);
    this.#now = () => (now === undefined ? null : toInteger(now()));
    this.#appends = new GroupCommit({
      commit: (entries) => this.#append(entries),
      isTransient,
    });
    this.#bell = new Bell(() => this.#database.run(this.#statements.wake, []));
    this.deadLetters = createDeadLetters({
      database: this.#database,
      statements: this.#statements,
      records: this.#records,
      now: this.#now,
    });
    if (canListen(client)) {
      this.watch = (wake) => {
        const listener = new Listener(client, names.given, wake);
        this.#listeners.push(listener);
        return () => listener.stop();
      };
    }
    if (isPool(client)) outliveErrors(client);
  }

  ensureSchema(): Promise<void> {
    return this.#database.migrate();
  }

  append(entries: readonly Entry[]): Promise<DurablyAppended> {
    return this.#appends.append(entries);
  }

  within(tx: SqlClient): (entries: readonly Entry[]) => Promise<void> {
    // Without it the event would be appended beside the transaction, and nobody would notice.
    if (typeof tx?.query !== 'function') {
      throw new OursError(
        'invalid_option',
        'within(tx) takes the transaction: a client of pg, or what fromPrisma(tx), fromDrizzle(tx, sql), fromKysely(trx, CompiledQuery) or fromKnex(trx) make of another library.',
      );
    }
    return async (entries) => void (await this.#append(entries, tx));
  }

  async claim({ maxEntries, maxBytes, leaseMs }: ClaimOptions): Promise<readonly Entry[]> {
    let unreadable: Reading<Hold> | undefined;
    for (;;) {
      const token = randomUUID();
      const values = [toInteger(maxEntries), toInteger(maxBytes), toInteger(leaseMs), token, this.#now()];
      const reading = new Reading<Hold>(this.#records, unreadable);
      for (const { position, distinct_id, record } of await this.#database.run<ClaimedRow>(
        this.#statements.claim,
        values,
      )) {
        reading.add(fromStoredId(distinct_id), record, { position, token });
      }
      if (reading.isWhole && unreadable === undefined) {
        for (const [entry, hold] of reading.entries) this.#holds.set(entry, hold);
        return [...reading.entries.keys()];
      }
      await this.#bury(reading.damaged, reading.outcome);
      await this.#giveBack(reading.sealed, SEALED_PAUSE_MS);
      await this.#giveBack([...reading.entries.values()], 0);
      // Until all of them are out of the way: otherwise the first would be back before the last.
      if (reading.isWhole) throw reading.error(this.#table);
      unreadable = reading;
    }
  }

  async ack(entries: readonly Entry[]): Promise<void> {
    const holds = this.#holdsOf(entries);
    if (holds.length > 0) await this.#settle(this.#statements.ack, [JSON.stringify(holds)]);
  }

  async release(entries: readonly Entry[], delayMs: number): Promise<void> {
    await this.#giveBack(this.#holdsOf(entries), delayMs);
  }

  async deadLetter(entries: readonly Entry[], outcome: Undelivered): Promise<void> {
    await this.#bury(this.#holdsOf(entries), outcome);
  }

  async lookUp(distinctIds: readonly string[]): Promise<ReadonlyMap<string, 'inside' | Undelivered>> {
    const known = new Map<string, 'inside' | Undelivered>();
    if (distinctIds.length === 0) return known;
    const ids = JSON.stringify(distinctIds.map(toStoredId));
    for (const { distinct_id, outcome } of await this.#database.run<KnownRow>(this.#statements.lookUp, [ids])) {
      known.set(fromStoredId(distinct_id), outcome === null ? 'inside' : this.#records.readOutcome(outcome));
    }
    return known;
  }

  async oldest(): Promise<{ readonly position: number; readonly appendedAt: number } | undefined> {
    const [row] = await this.#database.run<OldestRow>(this.#statements.oldest, []);
    return row && { position: Number(row.position), appendedAt: Number(row.appended_at) };
  }

  async mark(): Promise<StoreMark> {
    const [row] = await this.#database.run<MarkRow>(this.#statements.mark, []);
    return { incarnation: row!.incarnation, position: Number(row!.position) };
  }

  share(client: SharingClient): Ledger {
    return shareOutbox(this, client);
  }

  async stats(): Promise<OutboxStats> {
    const [row] = await this.#database.run<StatsRow>(this.#statements.stats, [this.#now()]);
    return { waiting: Number(row!.waiting), claimed: Number(row!.claimed), bytes: Number(row!.bytes) };
  }

  async close(): Promise<void> {
    await this.#appends.close();
    await this.#bell.settle();
    for (const listener of this.#listeners.splice(0)) listener.stop();
  }

  async #append(entries: readonly Entry[], client?: SqlClient): Promise<DurablyAppended> {
    if (entries.length === 0) return { dropped: [], duplicates: [], ...(await this.mark()) };
    const rows = entries.map((entry) => ({
      distinct_id: toStoredId(entry.distinctId),
      is_identify: entry.kind === 'identify',
      people: this.#records.people(entry),
      bytes: entry.body.length,
      record: this.#records.write(entry),
    }));
    const values = [JSON.stringify(rows), this.#now(), this.#bell.wakes() ? 'wake' : null];
    // In a transaction nothing is tried again.
    const withinMs = client === undefined ? RETRIED_WITHIN_MS : ANSWER_WITHIN_MS;
    const [row] = await this.#database.run<AppendedRow>(this.#statements.append, values, client, withinMs);
    const numbers = JSON.parse(row!.duplicates) as readonly number[];
    const { incarnation, position } = row!;
    const duplicates = numbers.map((number) => entries[number - 1]!);
    return { dropped: [], duplicates, position: Number(position), incarnation };
  }

  /** Done twice it is done once: a claim no longer holds what it has settled. */
  async #settle(text: string, values: (string | null)[]): Promise<void> {
    await retryTransient(() => this.#database.run(text, values, undefined, RETRIED_WITHIN_MS), isTransient);
  }

  /** Those of the entries that this process has claimed. */
  #holdsOf(entries: readonly Entry[]): readonly Hold[] {
    return entries.map((entry) => this.#holds.get(entry)).filter((hold) => hold !== undefined);
  }

  async #giveBack(holds: readonly Hold[], delayMs: number): Promise<void> {
    if (holds.length === 0) return;
    await this.#settle(this.#statements.release, [JSON.stringify(holds), toInteger(delayMs), this.#now()]);
  }

  async #bury(holds: readonly Hold[], outcome: Undelivered): Promise<void> {
    if (holds.length === 0) return;
    const values = [JSON.stringify(holds), this.#records.writeOutcome(outcome), this.#now()];
    await this.#settle(this.#statements.deadLetter, values);
  }
}

/** Which row an entry was handed out from, and by which claim. */
interface Hold {
  readonly position: string;
  readonly token: string;
}

interface ClaimedRow {
  readonly position: string;
  readonly distinct_id: string;
  readonly record: string;
}

interface MarkRow {
  readonly position: string;
  readonly incarnation: string;
}

interface AppendedRow extends MarkRow {
  /** The numbers of the rows that were ignored, from 1, as JSON. */
  readonly duplicates: string;
}

interface KnownRow {
  readonly distinct_id: string;
  /** `null` for an entry that is inside. */
  readonly outcome: string | null;
}

interface OldestRow {
  readonly position: string;
  readonly appended_at: string;
}

interface StatsRow {
  readonly waiting: string;
  readonly claimed: string;
  readonly bytes: string;
}

const toInteger = (number: number): string => String(Math.ceil(number));
