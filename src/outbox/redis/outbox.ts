import type { Undelivered } from '../../core/outcome.js';
import type { Entry } from '../../protocol/event.js';
import type { Identity } from '../../protocol/identity.js';
import type { DurablyAppended, StoreMark } from '../../tracking/polled-outbox.js';
import { claimReadable } from '../durable/claim-readable.js';
import { DecodedClaim } from '../durable/decoded-claim.js';
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
import { Settler } from './settle.js';

export interface RedisOutboxParts {
  readonly connection: Connection;
  readonly codec: EntryCodec;
  readonly maxQueueSize: number;
  readonly maxQueueBytes: number;
}

/** One process's outbox on a Redis server that others may share. */
export class RedisOutbox implements DurableOutbox {
  readonly durable = true;
  readonly deadLetters: DeadLetters;
  readonly countUnsealed?: () => Promise<number>;
  readonly #connection: Connection;
  readonly #codec: EntryCodec;
  readonly #appender: Appender;
  readonly #claimer: Claimer;
  readonly #settler: Settler;
  readonly #commits: GroupCommit;
  /** The rows of entries claimed here, still held or not. */
  readonly #rows = new WeakMap<Entry, HeldRow>();

  constructor(parts: RedisOutboxParts) {
    const { connection, codec } = parts;
    this.#connection = connection;
    this.#codec = codec;
    this.deadLetters = new RedisDeadLetters(connection, codec);
    if (codec.seals) this.countUnsealed = () => this.#countUnsealed();
    this.#claimer = new Claimer(connection);
    this.#settler = new Settler(connection);
    this.#appender = new Appender(parts);
    this.#commits = new GroupCommit({ commit: (entries, until) => this.#appender.commit(entries, until) });
  }

  append(entries: readonly Entry[]): Promise<DurablyAppended> {
    return this.#commits.append(entries);
  }

  async claim(options: ClaimOptions): Promise<readonly Entry[]> {
    await this.#requeueUnused();
    const claimed = await claimReadable<HeldRow>(
      {
        claim: async (before) => {
          const decoded = new DecodedClaim(this.#codec, before);
          for (const row of await this.#claimer.claim(options)) {
            decoded.add(fromStoredId(storedIdIn(row.head)), row.record, row);
          }
          return decoded;
        },
        release: (rows, delayMs) => this.#settler.release(rows, delayMs),
        deadLetter: (rows, outcome) => this.#deadLetter(rows, outcome),
      },
      `the Redis outbox '${this.#connection.name}'`,
    );
    for (const [entry, row] of claimed) this.#rows.set(entry, row);
    return [...claimed.keys()];
  }

  ack(entries: readonly Entry[]): Promise<void> {
    return this.#settler.ack(this.#rowsOf(entries));
  }

  release(entries: readonly Entry[], delayMs: number): Promise<void> {
    return this.#settler.release(this.#rowsOf(entries), delayMs);
  }

  deadLetter(entries: readonly Entry[], outcome: Undelivered): Promise<void> {
    return this.#deadLetter(this.#rowsOf(entries), outcome);
  }

  takeNotice(): string | undefined {
    return this.#codec.takeNotice();
  }

  async stats(): Promise<OutboxStats> {
    const reply = (await this.#connection.run(STATS, [])).map(Number);
    const [size, claimed, bytes] = reply as [number, number, number];
    return { waiting: size - claimed, claimed, bytes };
  }

  async lookUp(distinctIds: readonly string[]): Promise<ReadonlyMap<string, 'inside' | Undelivered>> {
    const reply = await this.#connection.run(LOOK_UP, distinctIds.map(toStoredId));
    const known = new Map<string, 'inside' | Undelivered>();
    for (const [index, distinctId] of distinctIds.entries()) {
      const found = reply[index]!;
      if (found === 'inside') known.set(distinctId, 'inside');
      else if (found !== '') known.set(distinctId, this.#codec.readOutcome(distinctId, found));
    }
    return known;
  }

  async oldest(): Promise<{ position: number; appendedAt: number } | undefined> {
    const [id = ''] = await this.#connection.run(OLDEST, []);
    if (id === '') return undefined;
    const [appendedAt, position] = id.split('-').map(Number) as [number, number];
    return { position, appendedAt };
  }

  forget(person: Identity, options?: ForgetOptions): Promise<Forgotten> {
    return forget(person, options, this.#codec, erasableStore(this.#connection, this.deadLetters));
  }

  mark(): Promise<StoreMark> {
    return this.#appender.mark();
  }

  /** Waits for unfinished appends. The caller's client stays open: close it afterwards. */
  async close(): Promise<void> {
    await this.#commits.close();
    await this.#requeueUnused().catch(() => undefined);
    this.#connection.close();
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

  /** Requeues entries that this process holds and will not deliver, instead of waiting for their leases to expire. */
  async #requeueUnused(): Promise<void> {
    await this.#claimer.requeueLost();
    await this.#settler.releaseLeftovers();
  }

  #deadLetter(rows: readonly HeldRow[], outcome: Undelivered): Promise<void> {
    return this.#settler.deadLetter(rows, ({ head }) =>
      this.#codec.writeOutcome(fromStoredId(storedIdIn(head)), outcome),
    );
  }

  #rowsOf(entries: readonly Entry[]): HeldRow[] {
    return entries.flatMap((entry) => this.#rows.get(entry) ?? []);
  }
}
