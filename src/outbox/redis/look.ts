import { defineScript, type Script } from './script.js';

/** → how many are inside, how many of them are held by claims, bytes. */
export const STATS: Script = defineScript(`
local pending = redis.call('XPENDING', stream, GROUP)
local held = 0
for _, consumer in ipairs(pending[4] or {}) do
  if string.sub(consumer[1], 1, #CLAIM) == CLAIM then held = held + consumer[2] end
end
return { size, held, bytes }
`);

/** → id in the stream of the first entry, or nothing. */
export const OLDEST: Script = defineScript(`
local first = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
return first and first[1]
`);

/** → the position last given, and the incarnation. */
export const MARK: Script = defineScript('return { tostring(position), incarnation() }');

/** DistinctIds → of each, 1 when it is inside, its dead letter's outcome as JSON, or nothing. */
export const LOOK_UP: Script = defineScript(`
local answer = {}
for at, id in ipairs(ARGV) do
  local letter = redis.call('HGET', letters, id)
  if redis.call('HEXISTS', ids, id) == 1 then answer[at] = 1
  elseif letter then answer[at] = cjson.decode(letter)[1]
  else answer[at] = false end
end
return answer
`);
