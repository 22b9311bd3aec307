import { randomUUID } from 'node:crypto';
import type { ClaimOptions } from '../outbox.js';
import type { Connection } from './connection.js';
import { defineScript } from './script.js';

/** Claim, time, most entries, most bytes, lease → id in the stream, head and record of each. */
const CLAIM = defineScript(`
local claim, now = CLAIM .. ARGV[1], clock(ARGV[2])
local maxEntries, maxBytes, lease = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])

local function handOut(entries)
  redis.call('ZADD', ends, now + lease, claim)
  local answer = {}
  for at, entry in ipairs(entries) do
    answer[3 * at - 2], answer[3 * at - 1], answer[3 * at] = entry[1], headOf(entry), recordOf(entry)
  end
  return answer
end

-- A claim that is sent again, because its answer was lost, gets what it had.
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

bringBack(passedOver)
if #taken > 0 then return handOut(taken) end
dismiss(claim)
return {}
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

/** Claims entries, each claim under a name that is used for no other. */
export class Claimer {
  readonly #connection: Connection;
  readonly #time: () => string;
  readonly #process = randomUUID();
  #number = 0;
  /** Claims that failed, perhaps only after the server had made them. */
  readonly #unanswered: { readonly claim: string; readonly options: ClaimOptions }[] = [];

  constructor(connection: Connection, time: () => string) {
    this.#connection = connection;
    this.#time = time;
  }

  async claim(options: ClaimOptions): Promise<readonly ClaimedRow[]> {
    const { maxEntries, maxBytes, leaseMs } = options;
    const claim = this.#repeatable(options) ?? `${this.#process}:${++this.#number}`;
    const values = [claim, this.#time(), ...[maxEntries, maxBytes, leaseMs].map(String)];
    try {
      return toRows(claim, (await this.#connection.run(CLAIM, values)) as string[]);
    } catch (error) {
      this.#unanswered.push({ claim, options });
      throw error;
    }
  }

  /** A claim whose answer never came, and with which no more than is asked for now was asked for. */
  #repeatable({ maxEntries, maxBytes }: ClaimOptions): string | undefined {
    const index = this.#unanswered.findIndex(
      ({ options }) => options.maxEntries <= maxEntries && options.maxBytes <= maxBytes,
    );
    return index < 0 ? undefined : this.#unanswered.splice(index, 1)[0]!.claim;
  }
}

function toRows(claim: string, reply: readonly string[]): ClaimedRow[] {
  const rows: ClaimedRow[] = [];
  for (let at = 0; at < reply.length; at += 3) {
    rows.push({ claim, id: reply[at]!, head: reply[at + 1]!, record: reply[at + 2]! });
  }
  return rows;
}
