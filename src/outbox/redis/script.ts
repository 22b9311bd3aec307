import { createHash } from 'node:crypto';

/** A Lua script. Redis runs nothing else meanwhile, and after a crash keeps all of its writes or none. */
export interface Script {
  readonly text: string;
  readonly sha1: string;
}

/**
 * Defines a script whose body uses the keys, totals and functions of {@link PRELUDE}. It returns `done(list)`, with a flat list
 * of strings.
 */
export function defineScript(body: string): Script {
  const text = `${PRELUDE}\n${body}`;
  return { text, sha1: createHash('sha1').update(text).digest('hex') };
}

/**
 * The beginning of every script.
 *
 * An entry's stream id is the time of its append and its position. Once read, it is pending with one of the group's consumers
 * until it is settled:
 *
 *   fresh      never read                                       → held
 *   held       with the consumer of one claim, until it ends    → settled, delayed or requeued
 *   delayed    with the consumer of one delay, until it ends    → requeued
 *   requeued   with the consumer WAITING, with maximum idle time → held, by the XAUTOCLAIM of the next claim
 */
const PRELUDE = `
local stream, ids, ends, identifies, totals, deadLetters, deadLetterOrder = unpack(KEYS)
local notAfter, given = table.remove(ARGV), table.remove(ARGV)
local GROUP, WAITING, CLAIM, DELAY = 'relays', 'waiting', 'claim:', 'delay:'
-- Entries idle for longer than this, in milliseconds, may be claimed: longer than any lease, shorter than since 1970.
local ABANDONED = 30 * 24 * 60 * 60 * 1000

-- The server's clock, and the caller's clock if a test passes one.
local time = redis.call('TIME')
local serverMs = time[1] * 1000 + math.floor(time[2] / 1000)
local wall = given ~= '' and tonumber(given) or serverMs

local function answer(status, list)
  return { string.format('%d', serverMs), status, list }
end

local function done(list)
  return answer('done', list)
end

-- Whether the caller has given up on this command and reported a failure.
local isLate = notAfter ~= '' and serverMs > tonumber(notAfter)

-- Every key is read first: one of another type fails the script before anything is written.
local size = redis.call('XLEN', stream)
local named = redis.call('HLEN', ids)
redis.call('ZCARD', ends)
local hasIdentifies = redis.call('ZCARD', identifies) > 0
local last = redis.call('HMGET', totals, 'position', 'time', 'bytes', 'incarnation', 'seen', 'shift')
redis.call('HLEN', deadLetters)
redis.call('ZCARD', deadLetterOrder)
local position, lastTime, bytes = tonumber(last[1] or 0), tonumber(last[2] or 0), tonumber(last[3] or 0)
-- Identifies the stream's contents since its creation.
local incarnation = last[4] or ''

local function newIncarnation()
  return string.format('%d.%06d', time[1], time[2])
end

if size == 0 and redis.call('EXISTS', stream) == 0 then
  -- The outbox is new, or its stream was deleted or evicted: everything about its entries is removed too.
  redis.call('XGROUP', 'CREATE', stream, GROUP, 0, 'MKSTREAM')
  redis.call('UNLINK', ids, ends, identifies)
  named, hasIdentifies, bytes, incarnation = 0, false, 0, newIncarnation()
  redis.call('HSET', totals, 'bytes', 0, 'incarnation', incarnation)
end
local isBroken = size > 0 and (named == 0 or not last[1])

-- Leases and delays use a clock that never goes back: if the server's clock is set back, this one continues from its last time.
local seen, shift = tonumber(last[5] or 0), tonumber(last[6] or 0)
local isSetBack = wall + shift < seen
if isSetBack then shift = seen - wall end
local now = wall + shift

-- Only after another write: when memory is short, Redis lets a script finish that has written.
local function keepTime()
  if isSetBack or now >= seen + 1000 then redis.call('HSET', totals, 'seen', now, 'shift', shift) end
end

-- Redis limits the arguments of one call to a few thousand.
local function inPieces(list, use)
  for first = 1, #list, 1000 do
    use({ unpack(list, first, math.min(first + 999, #list)) })
  end
end

-- Every step-th argument.
local function arguments(first, step)
  local list = {}
  for at = first, #ARGV, step do list[#list + 1] = ARGV[at] end
  return list
end

-- An entry's head, or an empty one if another program added the entry to the stream.
local function headOf(entry)
  local head = entry[2] and entry[2][2] or ''
  return string.match(head, '^%d+ %a+ %S* ') and head or '0 unknown  ' .. entry[1]
end

local function recordOf(entry)
  return entry[2] and entry[2][4] or ''
end

local function bytesIn(head)
  return tonumber(string.match(head, '^%d+'))
end

local function peopleIn(head)
  return string.gmatch(string.match(head, '^%d+ %a+ (%S*)'), '[^,]+')
end

-- The people of an identify; none for a track.
local function identifiedIn(head)
  return string.gmatch(string.match(head, '^%d+ identify (%S*)') or '', '[^,]+')
end

local function distinctIdIn(head)
  local afterBytes = string.find(head, ' ', 1, true) + 1
  local afterKind = string.find(head, ' ', afterBytes, true) + 1
  return string.sub(head, string.find(head, ' ', afterKind, true) + 1)
end

-- An identify's member in identifies, for one person.
local function place(person, id)
  return person .. ':' .. string.format('%016d', string.sub(id, string.find(id, '-', 1, true) + 1))
end

local function withPeople(head, people)
  local first, names = string.match(head, '^(%d+ %a+ )(%S*)')
  return first .. people .. string.sub(head, #first + #names + 1)
end

-- An event keeps only the names of its person that an earlier identify has: no other order matters, and names that are not
-- stored cannot link a person's events.
local function withNeeded(head)
  if string.match(head, '^%d+ identify ') then return head end
  local needed = {}
  if hasIdentifies then
    for person in peopleIn(head) do
      local count = redis.call('ZLEXCOUNT', identifies, '[' .. person .. ':', '(' .. person .. ';')
      if count > 0 then needed[#needed + 1] = person end
    end
  end
  return withPeople(head, table.concat(needed, ','))
end

-- Appends entries. The stream is never trimmed: MAXLEN would remove undelivered entries.
local function add(entries)
  if #entries == 0 then return end
  -- Ids must stay in order if the clock is set back.
  lastTime = math.max(lastTime, wall)
  local prefix, places = string.format('%d-', lastTime), {}
  for _, entry in ipairs(entries) do
    position = position + 1
    local id = prefix .. position
    redis.call('XADD', stream, id, 'head', withNeeded(entry.head), 'record', entry.record)
    bytes = bytes + bytesIn(entry.head)
    places[#places + 1] = distinctIdIn(entry.head)
    places[#places + 1] = id
    for person in identifiedIn(entry.head) do
      redis.call('ZADD', identifies, 0, place(person, id))
      hasIdentifies = true
    end
  end
  -- Only now: an id without its entry would block the event for ever.
  inPieces(places, function(piece) redis.call('HSET', ids, unpack(piece)) end)
  redis.call('HSET', totals, 'position', position, 'time', lastTime, 'bytes', bytes)
  keepTime()
end

local function pendingWith(consumer)
  local list = {}
  for at, pending in ipairs(redis.call('XPENDING', stream, GROUP, '-', '+', 1000000, consumer)) do list[at] = pending[1] end
  return list
end

-- The given entries that the claim still holds, each once. After its lease it holds none.
local function stillHeld(claim, given)
  local held, list = {}, {}
  for _, id in ipairs(pendingWith(claim)) do held[id] = true end
  for _, id in ipairs(given) do
    if held[id] then list[#list + 1] = id end
    held[id] = nil
  end
  return list
end

-- Assigns entries to a consumer, whichever consumer holds them.
local function assign(list, consumer, option, value)
  inPieces(list, function(piece)
    for _, word in ipairs({ option, value, 'JUSTID' }) do piece[#piece + 1] = word end
    redis.call('XCLAIM', stream, GROUP, consumer, 0, unpack(piece))
  end)
end

-- Makes entries available to every claim.
local function requeue(list)
  assign(list, WAITING, 'TIME', 0)
end

-- Removes a consumer that holds nothing.
local function removeIfEmpty(consumer)
  if #redis.call('XPENDING', stream, GROUP, '-', '+', 1, consumer) == 0 then
    redis.call('XGROUP', 'DELCONSUMER', stream, GROUP, consumer)
    redis.call('ZREM', ends, consumer)
  end
end

-- Removes settled entries from the stream and the other keys; their heads are given by id.
local function remove(list, heads)
  if #list == 0 then return end
  inPieces(list, function(piece)
    redis.call('XACK', stream, GROUP, unpack(piece))
    redis.call('XDEL', stream, unpack(piece))
  end)
  local named = {}
  for at, id in ipairs(list) do
    local head = heads[id]
    named[at] = distinctIdIn(head)
    bytes = bytes - bytesIn(head)
    if hasIdentifies then
      for person in identifiedIn(head) do redis.call('ZREM', identifies, place(person, id)) end
    end
  end
  inPieces(named, function(piece) redis.call('HDEL', ids, unpack(piece)) end)
  redis.call('HSET', totals, 'bytes', bytes)
end
`;
