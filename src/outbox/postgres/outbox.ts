import { randomUUID } from 'node:crypto';
import { checkOptionNames, failOption } from '../../core/check-option.js';
import type { Undelivered } from '../../core/outcome.js';
import type { SecretKey } from '../../core/secret-key.js';
import { fieldNames } from '../../core/unknown-names.js';
import type { Entry } from '../../protocol/event.js';
import { followers, partition } from '../../protocol/followers.js';
import type { Identity } from '../../protocol/identity.js';
import { enableSharedTracker } from '../../tracking/create-shared-tracker.js';
import type { DurablyAppended, StoreMark } from '../../tracking/polled-outbox.js';
import { claimReadable } from '../durable/claim-readable.js';
import { DecodedClaim } from '../durable/decoded-claim.js';
import { EntryCodec } from '../durable/entry-codec.js';
import { forget } from '../durable/forget.js';
import { GroupCommit } from '../durable/group-commit.js';
import { OrphanSweep } from '../durable/orphan-sweep.js';
import { retryTransient } from '../durable/retry-transient.js';
import { StoreError } from '../durable/store-error.js';
import { fromStoredId, toStoredId } from '../durable/stored-id.js';
import type {
  ClaimOptions,
  DeadLetters,
  ForgetOptions,
  Forgotten,
  OutboxStats,
  SqlClient,
  TransactionalOutbox,
} from '../outbox.js';
import { assertTransaction, noTransaction } from './assert-transaction.js';
import { type AppendedEach, type AppendedGroup, ContendedEntries } from './contended-entries.js';
import { Database } from './database.js';
import { createDeadLetters } from './dead-letters.js';
import { readStats } from './entry-totals.js';
import { erasableStore } from './erase.js';
import { postgresError } from './errors.js';
import { LastAppend } from './last-append.js';
import { canListen, handleErrors, listen } from './listener.js';
import { LostClaims } from './lost-claims.js';
import { namesOf } from './names.js';
import { NotifyThrottle } from './notify-throttle.js';
import { type Statements, statementsFor } from './statements.js';
import { RETRIED_WITHIN_MS } from './timed-client.js';

export interface PostgresOutboxOptions {
  /**
   * A `pg` Pool, a Client that nothing else uses, a PGlite, or anything with `query(text, values)`. You close it. On a Client on which
   * your code opens transactions, an append becomes part of an open one and is lost when you roll it back.
   */
  readonly client: SqlClient;
  /** A name, or `schema.name`; every object the outbox creates is named after it. @default 'ours_outbox' */
  readonly table?: string | undefined;
  /** Keys that seal stored events. The first key seals, all keys open. @default nothing is sealed */
  readonly sealingKeys?: readonly SecretKey[] | undefined;
  /** Whether unsealed entries are delivered although there are keys, while you introduce sealing. @default false */
  readonly acceptUnsealed?: boolean | undefined;
  /** The clock in milliseconds, for tests. @default the database's clock, shared by all processes */
  readonly now?: (() => number) | undefined;
}

const OPTIONS = fieldNames<PostgresOutboxOptions>({ client: 1, table: 1, sealingKeys: 1, acceptUnsealed: 1, now: 1 });

/** An outbox in a PostgreSQL database. */
export interface PostgresOutbox extends TransactionalOutbox {
  /** Creates the tables, or upgrades old ones. Any number of processes may call it at once. */
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
 * @throws {OursError} `invalid_option` for a client without `query`, an invalid table name, or invalid keys
 */
export function createPostgresOutbox(options: PostgresOutboxOptions): PostgresOutbox {
  if (typeof options?.client?.query !== 'function') {
    failOption('client must be a pg Pool or Client, or anything with query(text, values).');
  }
  checkOptionNames('createPostgresOutbox', options, OPTIONS);
  enableSharedTracker();
  return new PostgresTableOutbox(options);
}

class PostgresTableOutbox implements PostgresOutbox {
  readonly durable = true;
  readonly deadLetters: DeadLetters;
  readonly countUnsealed?: () => Promise<number>;
  readonly watch?: (wake: () => void) => () => void;
  readonly #table: string;
  readonly #database: Database;
  readonly #statements: Statements;
  readonly #codec: EntryCodec;
  readonly #now: () => string | null;
  readonly #appends: GroupCommit;
  readonly #contended = new ContendedEntries((entries) => this.#appendEach(entries));
  readonly #holds = new WeakMap<Entry, Hold>();
  readonly #lostClaims = new LostClaims();
  readonly #lastAppend = new LastAppend((distinctId) => this.#isInside(distinctId));
  readonly #orphans = new OrphanSweep();
  readonly #notifications: NotifyThrottle;
  readonly #stopListening = new Set<() => void>();

  constructor(options: PostgresOutboxOptions) {
    const { client, table, now } = options;
    const names = namesOf(table);
    this.#table = names.given;
    this.#database = new Database(client, names);
    this.#statements = statementsFor(names);
    this.#codec = new EntryCodec(options);
    if (this.#codec.seals) this.countUnsealed = () => this.#countUnsealed();
    this.#now = () => (now === undefined ? null : toInteger(now()));
    this.#appends = new GroupCommit({ commit: (entries) => this.#commit(entries) });
    this.#notifications = new NotifyThrottle(() => this.#database.run(this.#statements.wake, []));
    this.deadLetters = createDeadLetters({
      database: this.#database,
      statements: this.#statements,
      codec: this.#codec,
      now: this.#now,
    });
    if (canListen(client)) {
      this.watch = (wake) => {
        const stop = listen(client, names.given, wake);
        this.#stopListening.add(stop);
        return () => {
          this.#stopListening.delete(stop);
          stop();
        };
      };
    }
    handleErrors(client);
  }

  ensureSchema(): Promise<void> {
    return this.#database.migrate();
  }

  append(entries: readonly Entry[]): Promise<DurablyAppended> {
    return this.#appends.append(entries);
  }

  within(tx: SqlClient): (entries: readonly Entry[]) => Promise<void> {
    assertTransaction(tx);
    return (entries) => this.#appendWithin(tx, entries);
  }

  async claim(options: ClaimOptions): Promise<readonly Entry[]> {
    await this.#orphans.run(async () => Number(await this.#database.run<string>(this.#statements.removeOrphans, [])));
    const claimed = await claimReadable<Hold>(
      {
        claim: (before) => this.#claim(options, before),
        release: (holds, delayMs) => this.#release(holds, delayMs),
        deadLetter: (holds, outcome) => this.#deadLetter(holds, outcome),
      },
      this.#table,
    );
    for (const [entry, hold] of claimed) this.#holds.set(entry, hold);
    return [...claimed.keys()];
  }

  async ack(entries: readonly Entry[]): Promise<void> {
    const holds = this.#holdsOf(entries);
    if (holds.length === 0) return;
    await this.#settle(this.#statements.ack, [JSON.stringify(holds.map(toHeld))]);
    this.#noteSettled(holds);
  }

  async release(entries: readonly Entry[], delayMs: number): Promise<void> {
    await this.#release(this.#holdsOf(entries), delayMs);
  }

  async deadLetter(entries: readonly Entry[], outcome: Undelivered): Promise<void> {
    await this.#deadLetter(this.#holdsOf(entries), outcome);
  }

  async lookUp(distinctIds: readonly string[]): Promise<ReadonlyMap<string, 'inside' | Undelivered>> {
    const known = new Map<string, 'inside' | Undelivered>();
    if (distinctIds.length === 0) return known;
    const ids = JSON.stringify(distinctIds.map(toStoredId));
    for (const [storedId, outcome] of await this.#database.run<readonly KnownRow[]>(this.#statements.lookUp, [ids])) {
      const distinctId = fromStoredId(storedId);
      known.set(distinctId, outcome === null ? 'inside' : this.#codec.readOutcome(distinctId, outcome));
    }
    return known;
  }

  async oldest(): Promise<{ readonly position: number; readonly appendedAt: number } | undefined> {
    const [row] = await this.#database.run<readonly OldestRow[]>(this.#statements.oldest, []);
    return row && { position: Number(row[0]), appendedAt: Number(row[1]) };
  }

  forget(person: Identity, options?: ForgetOptions): Promise<Forgotten> {
    const store = erasableStore({
      database: this.#database,
      statements: this.#statements,
      deadLetters: this.deadLetters,
      now: this.#now,
    });
    return forget(person, options, this.#codec, store);
  }

  async mark(): Promise<StoreMark> {
    return this.#toMark(await this.#database.run<Mark>(this.#statements.mark, []));
  }

  takeNotice(): string | undefined {
    return this.#codec.takeNotice();
  }

  stats(): Promise<OutboxStats> {
    return readStats(this.#database, this.#statements, this.#now());
  }

  async #countUnsealed(): Promise<number> {
    return Number(await this.#database.run<string>(this.#statements.countUnsealed, []));
  }

  async close(): Promise<void> {
    await this.#appends.close();
    this.#contended.stop();
    await this.#notifications.flush();
    for (const stop of this.#stopListening) stop();
    this.#stopListening.clear();
  }

  async #claim(
    { maxEntries, maxBytes, leaseMs }: ClaimOptions,
    before: DecodedClaim<Hold> | undefined,
  ): Promise<DecodedClaim<Hold>> {
    const token = randomUUID();
    const values = [toInteger(maxEntries), toInteger(maxBytes), toInteger(leaseMs), token, this.#now()];
    const rows = await this.#lostClaims.claim(token, leaseMs, (lostTokens) =>
      this.#database.run<readonly ClaimedRow[]>(this.#statements.claim, [...values, JSON.stringify(lostTokens)]),
    );
    const decoded = new DecodedClaim(this.#codec, before);
    for (const [position, storedId, record] of rows) {
      const distinctId = fromStoredId(storedId);
      decoded.add(distinctId, record, { position, token, distinctId });
    }
    return decoded;
  }

  /** Stores the entries, except those whose id another transaction holds and those that the server refuses for their data. */
  async #commit(entries: readonly Entry[]): Promise<DurablyAppended> {
    const { stored, refused } = await this.#appendFree(this.#contended.without(entries));
    const duplicates = stored.flatMap(({ appended }) => appended.duplicates);
    const mark = stored.at(-1)?.appended ?? (await this.mark());
    const combined = { ...mark, dropped: [], duplicates };
    const count = stored.reduce((sum, group) => sum + group.entries.length, 0);
    if (count === entries.length) return combined;
    const done = new Set(stored.flatMap((group) => group.entries));
    const rest = entries.filter((entry) => !done.has(entry));
    const answerOf = (entry: Entry): Promise<DurablyAppended> =>
      refused.has(entry) ? rejected(refused.get(entry)) : this.#contended.wait(entry);
    return { ...combined, deferred: new Map(rest.map((entry) => [entry, answerOf(entry)])) };
  }

  /** Does what {@link #appendEach} does, nearly always with a single statement. */
  async #appendFree(entries: readonly Entry[]): Promise<AppendedEach> {
    if (entries.length === 0) return { stored: [], refused: NONE };
    try {
      const values = this.#appendValues(entries);
      const result = await this.#database.run<AppendResult>(
        this.#statements.append,
        values,
        undefined,
        RETRIED_WITHIN_MS,
      );
      return { stored: [{ entries, appended: await this.#toAppended(entries, result) }], refused: NONE };
    } catch (thrown) {
      const error = thrown as StoreError;
      if (!mayHaveWaited(error) && !(isAboutData(error) && entries.length > 1)) throw error;
      return this.#appendEach(entries).catch((reason: unknown) => {
        // If the first attempt may have stored something, its error is the one that counts.
        throw error.engineCode === undefined ? error : reason;
      });
    }
  }

  /**
   * Stores one entry after the other, and those that the server refuses for their data not at all. The result leaves out entries
   * whose id another transaction holds, and entries of a person behind such an identify.
   */
  async #appendEach(entries: readonly Entry[]): Promise<AppendedEach> {
    const stored: AppendedGroup[] = [];
    const refused = new Map<Entry, StoreError>();
    const isBehind = followers();
    let maxEntries = EACH_GROUP;
    let rest = entries;
    for (;;) {
      rest = partition(rest, isBehind)[1];
      if (rest.length === 0) return { stored, refused };
      const group = withoutFollowers(rest.slice(0, maxEntries));
      const reply = await this.#database
        .run<EachResult>(this.#statements.appendEach, this.#appendValues(group), undefined, RETRIED_WITHIN_MS)
        .catch((error: StoreError) => {
          if (isAboutData(error)) return error;
          throw stored.length > 0 ? postgresError(error.message, undefined, error.isTransient) : error;
        });
      if (reply instanceof StoreError) {
        if (group.length === 1) {
          refused.set(group[0]!, reply);
          rest = rest.slice(1);
        }
        maxEntries = 1;
        continue;
      }
      const [rows] = reply;
      const mark = await this.#toMark(reply[1]);
      for (const [at, [position, isContended]] of rows.entries()) {
        const entry = group[at]!;
        if (isContended) {
          isBehind.add([entry]);
          continue;
        }
        const duplicates = position === null ? [entry] : [];
        if (position !== null) this.#lastAppend.note(entry.distinctId);
        stored.push({ entries: [entry], appended: { ...mark, dropped: [], duplicates } });
      }
      rest = rest.slice(rows.length);
    }
  }

  async #appendWithin(tx: SqlClient, entries: readonly Entry[]): Promise<void> {
    if (entries.length === 0) return;
    const values = [...this.#appendValues(entries), randomUUID()];
    // The first statement recognises a transaction that has written before, the second by the setting that the first left.
    for (let attempt = 1; attempt <= 2; attempt += 1) {
      const [position] = await this.#database.run<AppendResult>(this.#statements.appendWithin, values, tx);
      if (position !== null) return;
    }
    throw noTransaction();
  }

  async #toMark([position, incarnation, startedAt]: Mark): Promise<StoreMark> {
    const name = await this.#lastAppend.incarnationOf({ incarnation, startedAt });
    return { position: Number(position), incarnation: name };
  }

  async #toAppended(entries: readonly Entry[], result: AppendResult): Promise<DurablyAppended> {
    const [position, numbers, incarnation, startedAt] = result;
    const duplicates = numbers.map((number) => entries[number - 1]!);
    const name = await this.#lastAppend.incarnationOf({ incarnation, startedAt });
    const known = new Set(duplicates);
    for (const entry of entries) if (!known.has(entry)) this.#lastAppend.note(entry.distinctId);
    return { dropped: [], duplicates, position: Number(position), incarnation: name };
  }

  #appendValues(entries: readonly Entry[]): (string | null)[] {
    const rows = entries.map((entry) => ({
      distinct_id: toStoredId(entry.distinctId),
      is_identify: entry.kind === 'identify',
      people: this.#codec.people(entry),
      bytes: entry.body.length,
      record: this.#codec.write(entry),
    }));
    return [JSON.stringify(rows), this.#now(), this.#notifications.notifiesNow() ? 'wake' : null];
  }

  /** Safe to retry: a claim no longer holds what it has settled. */
  async #settle(text: string, values: (string | null)[]): Promise<void> {
    await retryTransient(() => this.#database.run(text, values, undefined, RETRIED_WITHIN_MS));
  }

  /** The holds of entries that this process has claimed. */
  #holdsOf(entries: readonly Entry[]): readonly Hold[] {
    return entries.flatMap((entry) => this.#holds.get(entry) ?? []);
  }

  async #release(holds: readonly Hold[], delayMs: number): Promise<void> {
    if (holds.length === 0) return;
    await this.#settle(this.#statements.release, [JSON.stringify(holds.map(toHeld)), toInteger(delayMs), this.#now()]);
  }

  async #deadLetter(holds: readonly Hold[], outcome: Undelivered): Promise<void> {
    if (holds.length === 0) return;
    const held = holds.map((hold) => ({
      ...toHeld(hold),
      outcome: this.#codec.writeOutcome(hold.distinctId, outcome),
    }));
    await this.#settle(this.#statements.deadLetter, [JSON.stringify(held), this.#now()]);
    this.#noteSettled(holds);
  }

  #noteSettled(holds: readonly Hold[]): void {
    for (const { distinctId } of holds) this.#lastAppend.settled(distinctId);
  }

  /** Asks again for a moment: right after a start, a server may refuse a connection. */
  async #isInside(distinctId: string): Promise<boolean> {
    const known = await retryTransient(() => this.lookUp([distinctId]), { retryForMs: LOOK_UP_FOR_MS });
    return known.has(distinctId);
  }
}

/** The entries before the first one that must follow an identify among them. */
function withoutFollowers(entries: readonly Entry[]): readonly Entry[] {
  const isBehind = followers();
  const end = entries.findIndex((entry) => {
    if (isBehind(entry)) return true;
    isBehind.add([entry]);
    return false;
  });
  return end < 0 ? entries : entries.slice(0, end);
}

/** The row of a claimed entry, and the claim that holds it. */
interface Hold {
  readonly position: string;
  readonly token: string;
  readonly distinctId: string;
}

/** What the statements need of a hold. */
const toHeld = ({ position, token }: Hold): object => ({ position, token });

type ClaimedRow = readonly [position: string, storedId: string, record: string];
/** The outcome is `null` for an entry inside. */
type KnownRow = readonly [storedId: string, outcome: string | null];
type OldestRow = readonly [position: string, appendedAt: string];
type Mark = readonly [position: string, incarnation: string, startedAt: string];
/** Duplicates are row numbers from 1. */
type AppendResult = readonly [
  position: string | null,
  duplicates: readonly number[],
  incarnation: string,
  startedAt: string,
];
/** A duplicate has no position. */
type EachResult = readonly [rows: readonly (readonly [position: string | null, isContended: boolean])[], mark: Mark];

/** How long to ask whether an append is inside. Appends wait meanwhile. */
const LOOK_UP_FOR_MS = 2_000;
/** Maximum entries of a statement that appends one at a time: more would not finish in its time limit. */
const EACH_GROUP = 250;

/** Whether an append may have failed because it waited for another transaction: the server ended it, or the client gave up. */
function mayHaveWaited({ engineCode }: StoreError): boolean {
  return [undefined, '55P03', '57014'].includes(engineCode);
}

/** Whether the server refused the data, which may be those of a single entry. https://www.postgresql.org/docs/current/errcodes-appendix.html */
function isAboutData({ engineCode = '' }: StoreError): boolean {
  return /^(22|23|54)/.test(engineCode);
}

/** The caller may ignore the promise. */
function rejected(reason: unknown): Promise<never> {
  const promise = Promise.reject(reason);
  promise.catch(() => {});
  return promise;
}

const NONE: ReadonlyMap<Entry, StoreError> = new Map();

const toInteger = (number: number): string => String(Math.ceil(number));
