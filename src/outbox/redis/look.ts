import { SEALED_PREFIX } from '../durable/sealing.js';
import { defineScript, type Script } from './script.js';

/** → entries inside, claimed entries, bytes. */
export const STATS: Script = defineScript(`
local pending = redis.call('XPENDING', stream, GROUP)
local held = 0
for _, consumer in ipairs(pending[4] or {}) do
  if string.sub(consumer[1], 1, #CLAIM) == CLAIM then held = held + consumer[2] end
end
return done({ size, held, bytes })
`);

/** Start → how many of the next thousand entries are not sealed, and the next start, empty at the end. */
export const UNSEALED: Script = defineScript(`
local page, count = redis.call('XRANGE', stream, ARGV[1], '+', 'COUNT', 1000), 0
for _, entry in ipairs(page) do
  if string.sub(recordOf(entry), 1, ${SEALED_PREFIX.length}) ~= '${SEALED_PREFIX}' then count = count + 1 end
end
return done({ string.format('%d', count), #page < 1000 and '' or '(' .. page[#page][1] })
`);

/** → stream id of the first entry, or an empty string. */
export const OLDEST: Script = defineScript(`
local first = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
return done({ first and first[1] or '' })
`);

/** DistinctIds → for each: `inside`, or its dead letter's encoded outcome, or an empty string. */
export const LOOK_UP: Script = defineScript(`
local list = {}
for at, id in ipairs(ARGV) do
  local deadLetter = redis.call('HGET', deadLetters, id)
  if redis.call('HEXISTS', ids, id) == 1 then list[at] = 'inside'
  elseif deadLetter then list[at] = cjson.decode(deadLetter)[1]
  else list[at] = '' end
end
return done(list)
`);
