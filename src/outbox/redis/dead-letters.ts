import type { DeadLetter, DeadLetters } from '../outbox.js';
import { readOrNothing } from '../reading.js';
import type { Records } from '../records.js';
import { fromStoredId, toStoredId } from '../stored-id.js';
import type { Connection } from './connection.js';
import { defineScript } from './script.js';

const COUNT = defineScript(`return redis.call('ZCARD', letterOrder)`);

/** Offset, limit → distinctId and letter of each, the oldest first. */
const LIST = defineScript(`
local answer = {}
local first = tonumber(ARGV[1])
inPieces(redis.call('ZRANGE', letterOrder, first, first + ARGV[2] - 1), function(piece)
  for at, letter in ipairs(redis.call('HMGET', letters, unpack(piece))) do
    answer[#answer + 1] = piece[at]
    answer[#answer + 1] = letter
  end
end)
return answer
`);

/** DistinctIds → the letter of each, or nothing. */
const GET = defineScript(`
local answer = {}
for at, id in ipairs(ARGV) do answer[at] = redis.call('HGET', letters, id) end
return answer
`);

/** Time, then distinctIds → how many letters left. */
const REPLAY = defineScript(`
local now, replayed, entries, seen = clock(ARGV[1]), {}, {}, {}
for _, id in ipairs(arguments(2, 1)) do
  local letter = redis.call('HGET', letters, id)
  if letter and not seen[id] then
    seen[id] = true
    replayed[#replayed + 1] = id
    if redis.call('HEXISTS', ids, id) == 0 then
      local _, _, head, record = unpack(cjson.decode(letter))
      entries[#entries + 1] = { head = head, record = record }
    end
  end
end
add(entries, now)
inPieces(replayed, function(piece)
  redis.call('HDEL', letters, unpack(piece))
  redis.call('ZREM', letterOrder, unpack(piece))
end)
return #replayed
`);

/** DistinctIds → how many letters left. */
const DISCARD = defineScript(`
local discarded = 0
inPieces(ARGV, function(piece)
  discarded = discarded + redis.call('HDEL', letters, unpack(piece))
  redis.call('ZREM', letterOrder, unpack(piece))
end)
return discarded
`);

/** The outcome as JSON, milliseconds since the epoch, and what was stored. */
type Letter = readonly [outcome: string, at: string, head: string, record: string];

/** The letters of one outbox. */
export class RedisDeadLetters implements DeadLetters {
  readonly #connection: Connection;
  readonly #records: Records;
  readonly #time: () => string;

  constructor(connection: Connection, records: Records, time: () => string) {
    this.#connection = connection;
    this.#records = records;
    this.#time = time;
  }

  async count(): Promise<number> {
    return (await this.#connection.run(COUNT, [])) as number;
  }

  async list({ limit, offset = 0 }: { limit: number; offset?: number | undefined }): Promise<readonly DeadLetter[]> {
    const reply = (await this.#connection.run(LIST, [String(offset), String(limit)])) as string[];
    const letters: DeadLetter[] = [];
    for (let at = 0; at < reply.length; at += 2) letters.push(this.#read(fromStoredId(reply[at]!), reply[at + 1]!));
    return letters;
  }

  async get(distinctId: string): Promise<DeadLetter | undefined> {
    const [letter] = (await this.#connection.run(GET, [toStoredId(distinctId)])) as (string | null)[];
    return typeof letter === 'string' ? this.#read(distinctId, letter) : undefined;
  }

  async replay(distinctIds: readonly string[]): Promise<number> {
    return (await this.#connection.run(REPLAY, [this.#time(), ...distinctIds.map(toStoredId)])) as number;
  }

  async discard(distinctIds: readonly string[]): Promise<number> {
    return (await this.#connection.run(DISCARD, distinctIds.map(toStoredId))) as number;
  }

  #read(distinctId: string, letter: string): DeadLetter {
    const [outcome, at, , record] = JSON.parse(letter) as Letter;
    return {
      distinctId,
      outcome: this.#records.readOutcome(outcome),
      at: Number(at),
      entry: readOrNothing(this.#records, distinctId, record),
    };
  }
}
