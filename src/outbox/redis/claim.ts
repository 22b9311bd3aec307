import { randomUUID } from 'node:crypto';
import type { ClaimOptions } from '../outbox.js';
import { COMMAND_TIMEOUT_MS, type Connection } from './connection.js';
import { RedisOutboxError } from './redis-error.js';
import { defineScript } from './script.js';

/** Claim, most entries, most bytes, lease → id in the stream, head and record of each. */
const CLAIM = defineScript(`
local claim = CLAIM .. ARGV[1]
local maxEntries, maxBytes, lease = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
if isLate then return answer('late', {}) end
if isBroken then return answer('broken', {}) end

local function handOut(entries)
  redis.call('ZADD', ends, now + lease, claim)
  keepTime()
  local list = {}
  for at, entry in ipairs(entries) do
    list[3 * at - 2], list[3 * at - 1], list[3 * at] = entry[1], headOf(entry), recordOf(entry)
  end
  return done(list)
end

-- A client sends the same command again when it has reconnected: the claim gets what it had.
if #redis.call('XPENDING', stream, GROUP, '-', '+', 1, claim) > 0 then
  return handOut(redis.call('XREADGROUP', 'GROUP', GROUP, claim, 'COUNT', 1000000, 'STREAMS', stream, 0)[1][2])
end

for _, consumer in ipairs(redis.call('ZRANGEBYSCORE', ends, '-inf', now)) do
  bringBack(pendingWith(consumer))
  dismiss(consumer)
end

local taken, passedOver, takenBytes, isFull = {}, {}, 0, false
-- Identifies in this claim, by person.
local taking = {}

-- Whether an earlier identify of the same person is in the stream and not in this claim. Entries come in order: as many
-- before this one as there are in this claim are all of them.
local function mustWait(id, head)
  for person in peopleIn(head) do
    local before = redis.call('ZLEXCOUNT', identifies, '[' .. person .. ':', '(' .. place(person, id))
    if before > (taking[person] or 0) then return true end
  end
  return false
end

local function consider(entry)
  local id, head = entry[1], headOf(entry)
  local length = bytesIn(head) + 1
  local waits = not isFull and hasIdentifies and mustWait(id, head)
  isFull = isFull or not waits and #taken > 0 and takenBytes + length > maxBytes
  if isFull or waits then
    passedOver[#passedOver + 1] = id
    return
  end
  taken[#taken + 1] = entry
  takenBytes = takenBytes + length
  if hasIdentifies then
    for person in identifiedIn(head) do taking[person] = (taking[person] or 0) + 1 end
  end
end

-- A long line of events behind one slow identify is looked through in pieces, not all at once on every claim. An empty
-- claim, though, says that nothing can be had.
local function isDone()
  return isFull or #taken >= maxEntries or (#taken > 0 and #passedOver >= maxEntries)
end

-- How many entries to read next: as many as will probably fit.
local average = bytes / math.max(size, 1) + 1
local function nextCount()
  local fitting = math.floor((maxBytes - takenBytes) / average)
  return math.max(1, math.min(maxEntries - #taken, fitting, 1000))
end

if #redis.call('XPENDING', stream, GROUP, 'IDLE', ABANDONED, '-', '+', 1, WAITING) > 0 then
  local cursor = '0-0'
  repeat
    local reply = redis.call('XAUTOCLAIM', stream, GROUP, claim, ABANDONED, cursor, 'COUNT', nextCount())
    cursor = reply[1]
    for _, entry in ipairs(reply[2]) do
      -- Redis 6.2 names entries that somebody has deleted from the stream by hand as nothing.
      if entry then consider(entry) end
    end
  until cursor == '0-0' or isDone()
end
while not isDone() do
  local reply = redis.call('XREADGROUP', 'GROUP', GROUP, claim, 'COUNT', nextCount(), 'STREAMS', stream, '>')
  if not reply then break end
  for _, entry in ipairs(reply[1][2]) do consider(entry) end
end

-- Whether the keys agree when nothing can be claimed: what is inside is then held or delayed until a known time. Otherwise
-- entries might wait for ever.
local function isComplete()
  if size == 0 then return named == 0 end
  local pending = redis.call('XPENDING', stream, GROUP)
  for _, consumer in ipairs(pending[4] or {}) do
    if consumer[1] ~= WAITING and not redis.call('ZSCORE', ends, consumer[1]) then return false end
  end
  return pending[1] == size and named == size
end

bringBack(passedOver)
if #taken > 0 then return handOut(taken) end
dismiss(claim)
keepTime()
return answer(isComplete() and 'done' or 'broken', {})
`);

/** Claims → nothing. Makes what they hold available again, though their leases have not ended. */
const GIVE_BACK = defineScript(`
for _, id in ipairs(ARGV) do
  bringBack(pendingWith(CLAIM .. id))
  dismiss(CLAIM .. id)
end
return done({})
`);

/** An entry in the store, held by a claim. */
export interface HeldRow {
  readonly claim: string;
  /** Its id in the stream. */
  readonly id: string;
  readonly head: string;
}

export interface ClaimedRow extends HeldRow {
  readonly record: string;
}

/** A claim that has failed, perhaps only after the server had made it. */
interface LostClaim {
  readonly claim: string;
  /** Time of `performance.now()` after which the server does not make it any more. */
  readonly expiresAt: number;
}

/** Claims entries, each claim under a name that is used for no other. */
export class Claimer {
  readonly #connection: Connection;
  readonly #process = randomUUID();
  #number = 0;
  #lost: readonly LostClaim[] = [];

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async claim({ maxEntries, maxBytes, leaseMs }: ClaimOptions): Promise<readonly ClaimedRow[]> {
    const claim = `${this.#process}:${++this.#number}`;
    const values = [claim, ...[maxEntries, maxBytes, leaseMs].map(String)];
    try {
      return toRows(claim, await this.#connection.run(CLAIM, values, { expires: true }));
    } catch (error) {
      const isCertain = error instanceof RedisOutboxError && error.storedNothing;
      if (!isCertain) this.#lost = [...this.#lost, { claim, expiresAt: performance.now() + COMMAND_TIMEOUT_MS }];
      throw error;
    }
  }

  /** Makes available what claims without an answer may hold. */
  async giveBackLost(): Promise<void> {
    const lost = this.#lost;
    if (lost.length === 0) return;
    const sentAt = performance.now();
    await this.#connection.run(
      GIVE_BACK,
      lost.map(({ claim }) => claim),
    );
    // The others may still be made: they are given back once more with the next claim.
    this.#lost = this.#lost.filter((one) => !lost.includes(one) || one.expiresAt > sentAt);
  }
}

function toRows(claim: string, reply: readonly string[]): ClaimedRow[] {
  const rows: ClaimedRow[] = [];
  for (let at = 0; at < reply.length; at += 3) {
    rows.push({ claim, id: reply[at]!, head: reply[at + 1]!, record: reply[at + 2]! });
  }
  return rows;
}
