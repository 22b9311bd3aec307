import { retryTransient } from '../durable/retry-transient.js';
import type { HeldRow } from './claim.js';
import type { Connection } from './connection.js';
import { defineScript, type Script } from './script.js';

/** Claim, then stream id and head of each entry. */
const ACK = defineScript(`
local claim, heads = CLAIM .. ARGV[1], {}
for at = 2, #ARGV, 2 do heads[ARGV[at]] = ARGV[at + 1] end
remove(stillHeld(claim, arguments(2, 2)), heads)
removeIfEmpty(claim)
return done({})
`);

/** Claim, delay, then the stream ids. */
const RELEASE = defineScript(`
local claim, delay = CLAIM .. ARGV[1], tonumber(ARGV[2])
local released = stillHeld(claim, arguments(3, 1))
if delay <= 0 then
  requeue(released)
elseif #released > 0 then
  local endsAt = math.ceil(now + delay)
  local consumer = DELAY .. string.format('%d', endsAt)
  assign(released, consumer, 'IDLE', 0)
  redis.call('ZADD', ends, endsAt, consumer)
  keepTime()
end
removeIfEmpty(claim)
return done({})
`);

/** Claim, then stream id and outcome of each entry. */
const DEAD_LETTER = defineScript(`
local claim, heads, outcomes = CLAIM .. ARGV[1], {}, {}
for at = 2, #ARGV, 2 do outcomes[ARGV[at]] = ARGV[at + 1] end
local dead = stillHeld(claim, arguments(2, 2))
-- Changes nothing and takes no memory: once a script has written, Redis lets it finish even when memory is short.
assign(dead, claim, 'IDLE', 0)
for _, id in ipairs(dead) do
  local entry = redis.call('XRANGE', stream, id, id)[1] or { id }
  local distinctId = distinctIdIn(headOf(entry))
  position = position + 1
  redis.call('HSET', deadLetters, distinctId, cjson.encode({
    outcomes[id], string.format('%d', wall), withPeople(headOf(entry), ''), recordOf(entry)
  }))
  redis.call('ZADD', deadLetterOrder, position, distinctId)
  heads[id] = headOf(entry)
end
if #dead > 0 then redis.call('HSET', totals, 'position', position) end
remove(dead, heads)
removeIfEmpty(claim)
return done({})
`);

/** Settles rows that claims hold; rows a claim no longer holds are left alone. */
export class Settler {
  readonly #connection: Connection;
  /** Rows whose release failed. Their claims hold them until a retry succeeds or the leases expire. */
  #unreleased: readonly HeldRow[] = [];

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async ack(rows: readonly HeldRow[]): Promise<void> {
    await this.#each(rows, ACK, (own) => own.flatMap(({ id, head }) => [id, head]));
  }

  async release(rows: readonly HeldRow[], delayMs: number): Promise<void> {
    try {
      await this.#each(rows, RELEASE, (own) => [String(delayMs), ...own.map(({ id }) => id)]);
    } catch (error) {
      this.#unreleased = [...this.#unreleased, ...rows];
      throw error;
    }
  }

  /** Releases the rows whose release failed before. */
  async releaseLeftovers(): Promise<void> {
    const rows = this.#unreleased;
    if (rows.length === 0) return;
    this.#unreleased = [];
    await this.release(rows, 0);
  }

  /** @param outcomeOf encodes the outcome of a row */
  async deadLetter(rows: readonly HeldRow[], outcomeOf: (row: HeldRow) => string): Promise<void> {
    await this.#each(rows, DEAD_LETTER, (own) => own.flatMap((row) => [row.id, outcomeOf(row)]));
  }

  /** Runs a script for each claim that holds some of the rows. */
  async #each(
    rows: readonly HeldRow[],
    script: Script,
    toValues: (own: readonly HeldRow[]) => string[],
  ): Promise<void> {
    const byClaim = new Map<string, HeldRow[]>();
    for (const row of rows) {
      const own = byClaim.get(row.claim);
      if (own === undefined) byClaim.set(row.claim, [row]);
      else own.push(row);
    }
    // Safe to retry: a claim no longer holds what it has settled.
    const settle = ([claim, own]: [string, HeldRow[]]): Promise<unknown> =>
      retryTransient(() => this.#connection.run(script, [claim, ...toValues(own)]));
    await Promise.all([...byClaim].map(settle));
  }
}
