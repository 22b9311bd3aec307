import { readDeadLetter } from '../durable/dead-letter.js';
import type { EntryCodec } from '../durable/entry-codec.js';
import { fromStoredId, toStoredId } from '../durable/stored-id.js';
import type { DeadLetter, DeadLetters } from '../outbox.js';
import type { Connection } from './connection.js';
import { writePeople } from './head.js';
import { defineScript, type Script } from './script.js';

const COUNT = defineScript(`return done({ redis.call('ZCARD', deadLetterOrder) })`);

/** Offset, limit → distinctId and dead letter of each, oldest first. */
const LIST = defineScript(`
local list = {}
local first = tonumber(ARGV[1])
inPieces(redis.call('ZRANGE', deadLetterOrder, first, first + ARGV[2] - 1), function(piece)
  for at, deadLetter in ipairs(redis.call('HMGET', deadLetters, unpack(piece))) do
    list[#list + 1] = piece[at]
    list[#list + 1] = deadLetter or ''
  end
end)
return done(list)
`);

/** DistinctIds → the dead letter of each, or an empty string. */
const GET = defineScript(`
local list = {}
for at, id in ipairs(ARGV) do list[at] = redis.call('HGET', deadLetters, id) or '' end
return done(list)
`);

/** DistinctId and people of each → how many dead letters were removed. */
const REPLAY = defineScript(`
if isLate then return answer('late', {}) end
if isBroken then return answer('broken', {}) end
local replayed, entries, taken = {}, {}, {}
for at = 1, #ARGV, 2 do
  local id = ARGV[at]
  local deadLetter = redis.call('HGET', deadLetters, id)
  if deadLetter and not taken[id] then
    taken[id] = true
    replayed[#replayed + 1] = id
    if redis.call('HEXISTS', ids, id) == 0 then
      local _, _, head, record = unpack(cjson.decode(deadLetter))
      entries[#entries + 1] = { head = withPeople(head, ARGV[at + 1]), record = record }
    end
  end
end
add(entries)
inPieces(replayed, function(piece)
  redis.call('HDEL', deadLetters, unpack(piece))
  redis.call('ZREM', deadLetterOrder, unpack(piece))
end)
return done({ #replayed })
`);

/** DistinctIds → how many dead letters were removed. */
const DISCARD = defineScript(`
if isLate then return answer('late', {}) end
local discarded = 0
inPieces(ARGV, function(piece)
  discarded = discarded + redis.call('HDEL', deadLetters, unpack(piece))
  redis.call('ZREM', deadLetterOrder, unpack(piece))
end)
return done({ discarded })
`);

/** The encoded outcome, the time in milliseconds since the epoch, and the stored entry. */
type StoredDeadLetter = readonly [outcome: string, at: string, head: string, record: string];

/** The dead letters of one outbox. */
export class RedisDeadLetters implements DeadLetters {
  readonly #connection: Connection;
  readonly #codec: EntryCodec;

  constructor(connection: Connection, codec: EntryCodec) {
    this.#connection = connection;
    this.#codec = codec;
  }

  async count(): Promise<number> {
    return Number((await this.#connection.run(COUNT, []))[0]);
  }

  async list({ limit, offset = 0 }: { limit: number; offset?: number | undefined }): Promise<readonly DeadLetter[]> {
    const reply = await this.#connection.run(LIST, [String(offset), String(limit)]);
    const found: DeadLetter[] = [];
    for (let at = 0; at < reply.length; at += 2) {
      const deadLetter = reply[at + 1]!;
      if (deadLetter !== '') found.push(this.#read(reply[at]!, deadLetter));
    }
    return found;
  }

  async get(distinctId: string): Promise<DeadLetter | undefined> {
    const storedId = toStoredId(distinctId);
    const [deadLetter = ''] = await this.#connection.run(GET, [storedId]);
    return deadLetter === '' ? undefined : this.#read(storedId, deadLetter);
  }

  async replay(distinctIds: readonly string[]): Promise<number> {
    const storedIds = distinctIds.map(toStoredId);
    const deadLetters = await this.#connection.run(GET, storedIds);
    // Only the record of a dead letter says which person it is about.
    const values = storedIds.flatMap((storedId, at) => [storedId, this.#peopleIn(storedId, deadLetters[at]!)]);
    return this.#change(REPLAY, values);
  }

  async discard(distinctIds: readonly string[]): Promise<number> {
    return this.#change(DISCARD, distinctIds.map(toStoredId));
  }

  async #change(script: Script, values: readonly string[]): Promise<number> {
    const [changed] = await this.#connection.run(script, values, { expires: true });
    return Number(changed);
  }

  #peopleIn(storedId: string, deadLetter: string): string {
    if (deadLetter === '') return '';
    const [, , , record] = JSON.parse(deadLetter) as StoredDeadLetter;
    const entry = this.#codec.readAny(fromStoredId(storedId), record);
    return entry === undefined ? '' : writePeople(this.#codec.people(entry));
  }

  #read(storedId: string, deadLetter: string): DeadLetter {
    const [outcome, at, , record] = JSON.parse(deadLetter) as StoredDeadLetter;
    return readDeadLetter(this.#codec, { storedId, outcome, at: Number(at), record });
  }
}
