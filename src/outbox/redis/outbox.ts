import type { Undelivered } from '../../core/outcome.js';
import type { Entry } from '../../protocol/event.js';
import type { Identity } from '../../protocol/identity.js';
import type { DurablyAppended, StoreMark } from '../../tracking/polled-outbox.js';
import { DecodedClaim, UNREADABLE_PAUSE_MS } from '../durable/decoded-claim.js';
import type { EntryCodec } from '../durable/entry-codec.js';
import { forget } from '../durable/forget.js';
import { GroupCommit } from '../durable/group-commit.js';
import { fromStoredId, toStoredId } from '../durable/stored-id.js';
import type { ClaimOptions, DeadLetters, DurableOutbox, ForgetOptions, Forgotten, OutboxStats } from '../outbox.js';
import { Appender } from './append.js';
import { Claimer, type HeldRow } from './claim.js';
import type { Connection } from './connection.js';
import { RedisDeadLetters } from './dead-letters.js';
import { erasableStore } from './erase.js';
import { storedIdIn } from './head.js';
import { LOOK_UP, OLDEST, STATS, UNSEALED } from './look.js';
import { isTransient } from './redis-error.js';
import { Settler } from './settle.js';

export interface RedisOutboxParts {
  readonly connection: Connection;
  readonly records: EntryCodec;
  readonly maxQueueSize: number;
  readonly maxQueueBytes: number;
}

/** The outbox of one process on a store that others may share. */
export class RedisOutbox implements DurableOutbox {
  readonly durable = true;
  readonly deadLetters: DeadLetters;
  readonly countUnsealed?: () => Promise<number>;
  readonly #connection: Connection;
  readonly #records: EntryCodec;
  readonly #appender: Appender;
  readonly #claimer: Claimer;
  readonly #settler: Settler;
  readonly #commits: GroupCommit;
  /** What was handed out here, whether it is still held or not. */
  readonly #rows = new WeakMap<Entry, HeldRow>();

  constructor(parts: RedisOutboxParts) {
    const { connection, records } = parts;
    this.#connection = connection;
    this.#records = records;
    this.deadLetters = new RedisDeadLetters(connection, records);
    if (records.areSealed) this.countUnsealed = () => this.#countUnsealed();
    this.#claimer = new Claimer(connection);
    this.#settler = new Settler(connection);
    this.#appender = new Appender(parts);
    this.#commits = new GroupCommit({
      commit: (entries, until) => this.#appender.commit(entries, until),
      isTransient,
    });
  }

  append(entries: readonly Entry[]): Promise<DurablyAppended> {
    return this.#commits.append(entries);
  }

  async claim(options: ClaimOptions): Promise<readonly Entry[]> {
    await this.#giveBack();
    let unreadable: DecodedClaim<HeldRow> | undefined;
    for (;;) {
      const reading = new DecodedClaim<HeldRow>(this.#records, unreadable);
      for (const row of await this.#claimer.claim(options)) {
        reading.add(fromStoredId(storedIdIn(row.head)), row.record, row);
      }
      // Only once all that cannot be read is out of the way: otherwise the first would be back before the last.
      const error = reading.isWhole ? reading.takeError(`the Redis outbox '${this.#connection.name}'`) : undefined;
      if (reading.isWhole && error === undefined) {
        for (const [entry, row] of reading.entries) this.#rows.set(entry, row);
        return [...reading.entries.keys()];
      }
      await Promise.all([
        this.#settler.release([...reading.entries.values()], 0),
        this.#settler.release(reading.kept, UNREADABLE_PAUSE_MS),
        this.#bury(reading.damaged, reading.outcome),
      ]);
      if (error !== undefined) throw error;
      unreadable = reading;
    }
  }

  ack(entries: readonly Entry[]): Promise<void> {
    return this.#settler.ack(this.#rowsOf(entries));
  }

  release(entries: readonly Entry[], delayMs: number): Promise<void> {
    return this.#settler.release(this.#rowsOf(entries), delayMs);
  }

  deadLetter(entries: readonly Entry[], outcome: Undelivered): Promise<void> {
    return this.#bury(this.#rowsOf(entries), outcome);
  }

  takeNotice(): string | undefined {
    return this.#records.takeNotice();
  }

  async stats(): Promise<OutboxStats> {
    const answer = (await this.#connection.run(STATS, [])).map(Number);
    const [size, claimed, bytes] = answer as [number, number, number];
    return { waiting: size - claimed, claimed, bytes };
  }

  async lookUp(distinctIds: readonly string[]): Promise<ReadonlyMap<string, 'inside' | Undelivered>> {
    const reply = await this.#connection.run(LOOK_UP, distinctIds.map(toStoredId));
    const known = new Map<string, 'inside' | Undelivered>();
    for (const [index, distinctId] of distinctIds.entries()) {
      const found = reply[index]!;
      if (found === 'inside') known.set(distinctId, 'inside');
      else if (found !== '') known.set(distinctId, this.#records.readOutcome(distinctId, found));
    }
    return known;
  }

  async oldest(): Promise<{ position: number; appendedAt: number } | undefined> {
    const [id = ''] = await this.#connection.run(OLDEST, []);
    if (id === '') return undefined;
    const [appendedAt, position] = id.split('-').map(Number) as [number, number];
    return { position, appendedAt };
  }

  forget(person: Identity, options: ForgetOptions = {}): Promise<Forgotten> {
    return forget(person, options, this.#records, erasableStore(this.#connection, this.deadLetters));
  }

  mark(): Promise<StoreMark> {
    return this.#appender.mark();
  }

  async #countUnsealed(): Promise<number> {
    let total = 0;
    for (let after = '-'; after !== ''; ) {
      const [count = '0', last = ''] = await this.#connection.run(UNSEALED, [after]);
      total += Number(count);
      after = last;
    }
    return total;
  }

  /** Waits for the appends under way. Your client stays open: close it afterwards. */
  async close(): Promise<void> {
    await this.#commits.close();
    await this.#giveBack().catch(() => undefined);
    this.#connection.close();
  }

  /** Makes available what this process holds and does not deliver; otherwise it would wait for the end of its lease. */
  async #giveBack(): Promise<void> {
    await this.#claimer.giveBackLost();
    await this.#settler.releaseLeftovers();
  }

  #bury(rows: readonly HeldRow[], outcome: Undelivered): Promise<void> {
    return this.#settler.bury(rows, ({ head }) => this.#records.writeOutcome(fromStoredId(storedIdIn(head)), outcome));
  }

  #rowsOf(entries: readonly Entry[]): HeldRow[] {
    return entries.flatMap((entry) => this.#rows.get(entry) ?? []);
  }
}
