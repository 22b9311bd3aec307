import { randomUUID } from 'node:crypto';
import { StoreError } from '../durable/store-error.js';
import type { ClaimOptions } from '../outbox.js';
import { COMMAND_TIMEOUT_MS, type Connection } from './connection.js';
import { defineScript } from './script.js';

/** Claim, max entries, max bytes, lease → stream id, head and record of each entry. */
const CLAIM = defineScript(`
local claim = CLAIM .. ARGV[1]
local maxEntries, maxBytes, lease = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
if isLate then return answer('late', {}) end
if isBroken then return answer('broken', {}) end

local function result(entries)
  redis.call('ZADD', ends, now + lease, claim)
  keepTime()
  local list = {}
  for at, entry in ipairs(entries) do
    list[3 * at - 2], list[3 * at - 1], list[3 * at] = entry[1], headOf(entry), recordOf(entry)
  end
  return done(list)
end

-- A reconnected client may send the same command again: the claim then returns what it holds.
if #redis.call('XPENDING', stream, GROUP, '-', '+', 1, claim) > 0 then
  return result(redis.call('XREADGROUP', 'GROUP', GROUP, claim, 'COUNT', 1000000, 'STREAMS', stream, 0)[1][2])
end

for _, consumer in ipairs(redis.call('ZRANGEBYSCORE', ends, '-inf', now)) do
  requeue(pendingWith(consumer))
  removeIfEmpty(consumer)
end

local taken, passedOver, takenBytes, isFull = {}, {}, 0, false
-- Identifies in this claim, by person.
local taking = {}

-- Whether an earlier identify of the same person is in the stream and not in this claim. Entries come in order, so if as many
-- are in this claim as come before this entry, all of them are in this claim.
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

-- A long queue behind one slow identify is scanned in parts, not entirely by every claim. But an empty claim must mean that
-- nothing can be claimed.
local function isDone()
  return isFull or #taken >= maxEntries or (#taken > 0 and #passedOver >= maxEntries)
end

-- How many entries to read next: as many as probably fit.
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
      -- Redis 6.2 returns nil for entries that were deleted from the stream by hand.
      if entry then consider(entry) end
    end
  until cursor == '0-0' or isDone()
end
while not isDone() do
  local reply = redis.call('XREADGROUP', 'GROUP', GROUP, claim, 'COUNT', nextCount(), 'STREAMS', stream, '>')
  if not reply then break end
  for _, entry in ipairs(reply[1][2]) do consider(entry) end
end

-- Whether the keys are consistent when nothing can be claimed: every entry is then leased or delayed until a known time.
-- Otherwise entries might wait for ever.
local function isComplete()
  if size == 0 then return named == 0 end
  local pending = redis.call('XPENDING', stream, GROUP)
  for _, consumer in ipairs(pending[4] or {}) do
    if consumer[1] ~= WAITING and not redis.call('ZSCORE', ends, consumer[1]) then return false end
  end
  return pending[1] == size and named == size
end

requeue(passedOver)
if #taken > 0 then return result(taken) end
removeIfEmpty(claim)
keepTime()
return answer(isComplete() and 'done' or 'broken', {})
`);

/** Claims → nothing. Requeues what they hold before their leases expire. */
const REQUEUE = defineScript(`
for _, id in ipairs(ARGV) do
  requeue(pendingWith(CLAIM .. id))
  removeIfEmpty(CLAIM .. id)
end
return done({})
`);

/** A stored entry that a claim holds. */
export interface HeldRow {
  readonly claim: string;
  /** Its stream id. */
  readonly id: string;
  readonly head: string;
}

export interface ClaimedRow extends HeldRow {
  readonly record: string;
}

/** A claim that failed, though the server may have carried it out. */
interface LostClaim {
  readonly claim: string;
  /** Time of `performance.now()` after which the server no longer carries it out. */
  readonly expiresAt: number;
}

/** Claims entries. Each claim has a unique name. */
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
      const isCertain = error instanceof StoreError && error.storedNothing;
      if (!isCertain) this.#lost = [...this.#lost, { claim, expiresAt: performance.now() + COMMAND_TIMEOUT_MS }];
      throw error;
    }
  }

  /** Requeues what failed claims may hold. */
  async requeueLost(): Promise<void> {
    const lost = this.#lost;
    if (lost.length === 0) return;
    const sentAt = performance.now();
    await this.#connection.run(
      REQUEUE,
      lost.map(({ claim }) => claim),
    );
    // The server may still carry out the others: the next claim requeues them again.
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
