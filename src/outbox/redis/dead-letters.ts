import { readOrNothing } from '../durable/decoded-claim.js';
import type { EntryCodec } from '../durable/entry-codec.js';
import { fromStoredId, toStoredId } from '../durable/stored-id.js';
import type { DeadLetter, DeadLetters } from '../outbox.js';
import type { Connection } from './connection.js';
import { writePeople } from './head.js';
import { defineScript, type Script } from './script.js';

const COUNT = defineScript(`return done({ redis.call('ZCARD', letterOrder) })`);

/** Offset, limit → distinctId and letter of each, the oldest first. */
const LIST = defineScript(`
local list = {}
local first = tonumber(ARGV[1])
inPieces(redis.call('ZRANGE', letterOrder, first, first + ARGV[2] - 1), function(piece)
  for at, letter in ipairs(redis.call('HMGET', letters, unpack(piece))) do
    list[#list + 1] = piece[at]
    list[#list + 1] = letter or ''
  end
end)
return done(list)
`);

/** DistinctIds → the letter of each, or an empty string. */
const GET = defineScript(`
local list = {}
for at, id in ipairs(ARGV) do list[at] = redis.call('HGET', letters, id) or '' end
return done(list)
`);

/** DistinctId and people of each → how many letters left. */
const REPLAY = defineScript(`
if isLate then return answer('late', {}) end
if isBroken then return answer('broken', {}) end
local replayed, entries, taken = {}, {}, {}
for at = 1, #ARGV, 2 do
  local id = ARGV[at]
  local letter = redis.call('HGET', letters, id)
  if letter and not taken[id] then
    taken[id] = true
    replayed[#replayed + 1] = id
    if redis.call('HEXISTS', ids, id) == 0 then
      local _, _, head, record = unpack(cjson.decode(letter))
      entries[#entries + 1] = { head = withPeople(head, ARGV[at + 1]), record = record }
    end
  end
end
add(entries)
inPieces(replayed, function(piece)
  redis.call('HDEL', letters, unpack(piece))
  redis.call('ZREM', letterOrder, unpack(piece))
end)
return done({ #replayed })
`);

/** DistinctIds → how many letters left. */
const DISCARD = defineScript(`
if isLate then return answer('late', {}) end
local discarded = 0
inPieces(ARGV, function(piece)
  discarded = discarded + redis.call('HDEL', letters, unpack(piece))
  redis.call('ZREM', letterOrder, unpack(piece))
end)
return done({ discarded })
`);

/** The outcome as JSON, milliseconds since the epoch, and what was stored. */
type Letter = readonly [outcome: string, at: string, head: string, record: string];

/** The letters of one outbox. */
export class RedisDeadLetters implements DeadLetters {
  readonly #connection: Connection;
  readonly #records: EntryCodec;

  constructor(connection: Connection, records: EntryCodec) {
    this.#connection = connection;
    this.#records = records;
  }

  async count(): Promise<number> {
    return Number((await this.#connection.run(COUNT, []))[0]);
  }

  async list({ limit, offset = 0 }: { limit: number; offset?: number | undefined }): Promise<readonly DeadLetter[]> {
    const reply = await this.#connection.run(LIST, [String(offset), String(limit)]);
    const letters: DeadLetter[] = [];
    for (let at = 0; at < reply.length; at += 2) {
      const letter = reply[at + 1]!;
      if (letter !== '') letters.push(this.#read(fromStoredId(reply[at]!), letter));
    }
    return letters;
  }

  async get(distinctId: string): Promise<DeadLetter | undefined> {
    const [letter = ''] = await this.#connection.run(GET, [toStoredId(distinctId)]);
    return letter === '' ? undefined : this.#read(distinctId, letter);
  }

  async replay(distinctIds: readonly string[]): Promise<number> {
    const storedIds = distinctIds.map(toStoredId);
    const letters = await this.#connection.run(GET, storedIds);
    // A letter does not say whose it is outside of its record.
    const values = storedIds.flatMap((storedId, at) => [storedId, this.#peopleIn(storedId, letters[at]!)]);
    return this.#change(REPLAY, values);
  }

  async discard(distinctIds: readonly string[]): Promise<number> {
    return this.#change(DISCARD, distinctIds.map(toStoredId));
  }

  async #change(script: Script, values: readonly string[]): Promise<number> {
    const [changed] = await this.#connection.run(script, values, { expires: true });
    return Number(changed);
  }

  #peopleIn(storedId: string, letter: string): string {
    if (letter === '') return '';
    const [, , , record] = JSON.parse(letter) as Letter;
    const entry = this.#records.readAny(fromStoredId(storedId), record);
    return entry === undefined ? '' : writePeople(this.#records.people(entry));
  }

  #read(distinctId: string, letter: string): DeadLetter {
    const [outcome, at, , record] = JSON.parse(letter) as Letter;
    return {
      distinctId,
      outcome: this.#records.readOutcome(distinctId, outcome),
      at: Number(at),
      entry: readOrNothing(this.#records, distinctId, record),
    };
  }
}
