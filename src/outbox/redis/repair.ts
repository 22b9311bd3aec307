import { defineScript, type Script } from './script.js';

/**
 * → nothing. Rebuilds the group, `ids`, `identifies`, `ends` and `totals` from the stream, which holds the entries. Redis may
 * evict keys, and keys, groups or consumers may be deleted by hand.
 *
 * Entries claimed through a lost group are delivered again: the service counts them once.
 */
export const REPAIR: Script = defineScript(`
local hasGroup, delivered = false, '0-0'
for _, group in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
  local fields = {}
  for at = 1, #group, 2 do fields[group[at]] = group[at + 1] end
  if fields['name'] == GROUP then hasGroup, delivered = true, fields['last-delivered-id'] end
end
-- Several processes may find the same damage, and one repair is enough.
local repaired = tonumber(redis.call('HGET', totals, 'repaired') or 0)
if hasGroup and not isBroken and serverMs >= repaired and serverMs < repaired + 1000 then return done({}) end
if not hasGroup then
  redis.call('XGROUP', 'CREATE', stream, GROUP, 0)
  redis.call('UNLINK', ends)
end

local function inPages(read)
  local first = '-'
  repeat
    local page = read(first)
    if #page > 0 then first = '(' .. page[#page][1] end
  until #page < 1000
end

local function numbersIn(id)
  local ms, sequence = string.match(id, '^(%d+)-(%d+)$')
  return tonumber(ms), tonumber(sequence)
end

local deliveredMs, deliveredSequence = numbersIn(delivered)
local function wasDelivered(id)
  local ms, sequence = numbersIn(id)
  return ms < deliveredMs or ms == deliveredMs and sequence <= deliveredSequence
end

local pending = {}
inPages(function(first)
  local page = redis.call('XPENDING', stream, GROUP, first, '+', 1000)
  for _, entry in ipairs(page) do pending[entry[1]] = true end
  return page
end)

local inside, insideCount, heads, doubled, orphans, found, last = {}, 0, {}, {}, {}, {}, '0-0'
bytes = 0
redis.call('UNLINK', ids, identifies)
inPages(function(first)
  local page, places = redis.call('XRANGE', stream, first, '+', 'COUNT', 1000), {}
  for _, entry in ipairs(page) do
    local id, head = entry[1], headOf(entry)
    local distinctId = distinctIdIn(head)
    bytes = bytes + bytesIn(head)
    for person in identifiedIn(head) do redis.call('ZADD', identifies, 0, place(person, id)) end
    if inside[distinctId] then
      doubled[#doubled + 1] = id
      heads[id] = head
    else
      inside[distinctId] = true
      insideCount = insideCount + 1
      places[#places + 1] = distinctId
      places[#places + 1] = id
      if wasDelivered(id) and not pending[id] then orphans[#orphans + 1] = id end
    end
    found[id] = true
    last = id
  end
  inPieces(places, function(piece) redis.call('HSET', ids, unpack(piece)) end)
  return page
end)

-- Of entries with one id, the first is kept.
inPieces(doubled, function(piece)
  redis.call('XACK', stream, GROUP, unpack(piece))
  redis.call('XDEL', stream, unpack(piece))
end)
for _, id in ipairs(doubled) do
  bytes = bytes - bytesIn(heads[id])
  for person in identifiedIn(heads[id]) do redis.call('ZREM', identifies, place(person, id)) end
end

-- Pending entries that were deleted from the stream, and entries whose consumer was deleted.
local gone = {}
for id in pairs(pending) do
  if not found[id] then gone[#gone + 1] = id end
end
inPieces(gone, function(piece) redis.call('XACK', stream, GROUP, unpack(piece)) end)
inPieces(orphans, function(piece)
  for _, word in ipairs({ 'TIME', 0, 'FORCE', 'JUSTID' }) do piece[#piece + 1] = word end
  redis.call('XCLAIM', stream, GROUP, WAITING, 0, unpack(piece))
end)

-- Leases without a known end expire after the longest possible lease; such delays end now.
for _, consumer in ipairs(redis.call('XPENDING', stream, GROUP)[4] or {}) do
  local name = consumer[1]
  if name ~= WAITING and not redis.call('ZSCORE', ends, name) then
    redis.call('ZADD', ends, string.sub(name, 1, #CLAIM) == CLAIM and now + ${5 * 60_000} or now, name)
  end
end

local lastMs, lastPosition = numbersIn(last)
local lastDeadLetter = redis.call('ZREVRANGE', deadLetterOrder, 0, 0, 'WITHSCORES')[2]
position = math.max(position, lastPosition, tonumber(lastDeadLetter or 0))
lastTime = math.max(lastTime, lastMs)
-- An id without its entry: the entry was deleted.
if incarnation == '' or named > insideCount then incarnation = newIncarnation() end
redis.call('HSET', totals, 'position', position, 'time', lastTime, 'bytes', bytes, 'incarnation', incarnation)
local ended = redis.call('TIME')
redis.call('HSET', totals, 'repaired', string.format('%d', ended[1] * 1000 + math.floor(ended[2] / 1000)))
return done({})
`);
