import { type ErasableStore, FORGET_PAGE } from '../durable/forget.js';
import { fromStoredId } from '../durable/stored-id.js';
import type { DeadLetters } from '../outbox.js';
import type { Connection } from './connection.js';
import { storedIdIn } from './head.js';
import { defineScript } from './script.js';

/** Start → stream id, head and record of the next entries. */
const ENTRIES = defineScript(`
local list = {}
for _, entry in ipairs(redis.call('XRANGE', stream, ARGV[1], '+', 'COUNT', ${FORGET_PAGE})) do
  list[#list + 1], list[#list + 2], list[#list + 3] = entry[1], headOf(entry), recordOf(entry)
end
return done(list)
`);

/** Start → number, distinctId and record of the next dead letters. */
const DEAD_LETTERS = defineScript(`
local list = {}
local page = redis.call('ZRANGEBYSCORE', deadLetterOrder, ARGV[1], '+inf', 'WITHSCORES', 'LIMIT', 0, ${FORGET_PAGE})
for at = 1, #page, 2 do
  local deadLetter = redis.call('HGET', deadLetters, page[at])
  local _, _, _, record = unpack(deadLetter and cjson.decode(deadLetter) or {})
  list[#list + 1], list[#list + 2], list[#list + 3] = page[at + 1], page[at], record or ''
end
return done(list)
`);

/** Whether to remove, then stream ids → the id of each entry that exists, and whether it is claimed. */
const REMOVE = defineScript(`
if isLate then return answer('late', {}) end
if isBroken then return answer('broken', {}) end
local found, heads, list = {}, {}, {}
for _, id in ipairs(arguments(2, 1)) do
  local entry = redis.call('XRANGE', stream, id, id)[1]
  if entry then
    found[#found + 1] = id
    heads[id] = headOf(entry)
    local pending = redis.call('XPENDING', stream, GROUP, id, id, 1)[1]
    local isClaimed = pending and string.sub(pending[2], 1, #CLAIM) == CLAIM
    list[#list + 1], list[#list + 2] = id, isClaimed and 'claimed' or 'waiting'
  end
end
if ARGV[1] == 'remove' then remove(found, heads) end
return done(list)
`);

/** A Redis outbox as `forget` sees it. */
export function erasableStore(connection: Connection, deadLetters: DeadLetters): ErasableStore {
  return {
    async entries(after) {
      const reply = await connection.run(ENTRIES, [after === undefined ? '-' : `(${after}`]);
      return triplesOf(reply).map(([key, head, record]) => ({
        key,
        distinctId: fromStoredId(storedIdIn(head)),
        record,
      }));
    },
    async deadLetterRows(after) {
      const reply = await connection.run(DEAD_LETTERS, [after === undefined ? '-inf' : `(${after}`]);
      return triplesOf(reply).map(([key, storedId, record]) => ({ key, distinctId: fromStoredId(storedId), record }));
    },
    async remove(keys, dryRun) {
      const values = [dryRun ? 'count' : 'remove', ...keys];
      const reply = await connection.run(REMOVE, values, { expires: true });
      return Array.from({ length: reply.length / 2 }, (_, at) => ({
        key: reply[2 * at]!,
        isClaimed: reply[2 * at + 1] === 'claimed',
      }));
    },
    deadLetters,
  };
}

function triplesOf(reply: readonly string[]): [string, string, string][] {
  return Array.from(
    { length: reply.length / 3 },
    (_, at) => reply.slice(3 * at, 3 * at + 3) as [string, string, string],
  );
}
