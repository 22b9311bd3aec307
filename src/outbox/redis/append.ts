import { randomUUID } from 'node:crypto';
import type { Entry } from '../../protocol/event.js';
import type { DurablyAppended } from '../outbox.js';
import type { Records } from '../records.js';
import { toStoredId } from '../stored-id.js';
import type { Connection } from './connection.js';
import { writeHead } from './head.js';
import { defineScript } from './script.js';

/**
 * Commit number, time, bounds, then distinctId, head and record of each entry → `number;position;dropped;duplicates;incarnation`,
 * dropped and duplicates as indexes. A commit that is sent again, because its answer was lost, gets the answer it had: its entries may
 * have been delivered and settled in between.
 */
const APPEND = defineScript(`
local lastCommit = KEYS[8]
local number, now, maxSize, maxBytes = tonumber(ARGV[1]), clock(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local answered = redis.call('GET', lastCommit)
if answered and tonumber(string.match(answered, '^%d+')) >= number then return answered end

local named, known = arguments(5, 3), {}
inPieces(named, function(piece)
  for at, id in ipairs(redis.call('HMGET', ids, unpack(piece))) do
    if id then known[piece[at]] = true end
  end
end)

local entries, dropped, duplicates, added = {}, {}, {}, 0
for index, distinctId in ipairs(named) do
  local head, record = ARGV[3 * index + 3], ARGV[3 * index + 4]
  local length = bytesIn(head)
  if known[distinctId] then
    duplicates[#duplicates + 1] = index - 1
  elseif size + #entries >= maxSize or bytes + added + length > maxBytes then
    dropped[#dropped + 1] = index - 1
  else
    known[distinctId] = true
    added = added + length
    entries[#entries + 1] = { head = head, record = record }
  end
end
add(entries, now)
local answer = table.concat({ number, position, table.concat(dropped, ','), table.concat(duplicates, ','), incarnation() }, ';')
-- Nobody sends a command again after an hour.
if #entries > 0 then redis.call('SET', lastCommit, answer, 'PX', 60 * 60 * 1000) end
return answer
`);

export interface AppenderOptions {
  readonly connection: Connection;
  readonly records: Records;
  /** The time by a test's clock, or nothing for the server's. */
  readonly time: () => string;
  readonly maxQueueSize: number;
  readonly maxQueueBytes: number;
}

/** Appends, one commit after the other. */
export class Appender {
  readonly #options: AppenderOptions;
  readonly #writer = randomUUID();
  #number = 0;
  #latest: readonly Entry[] | undefined;

  constructor(options: AppenderOptions) {
    this.#options = options;
  }

  /** Stores the entries, all or none; the same list once more is the same commit. */
  async commit(entries: readonly Entry[]): Promise<DurablyAppended> {
    const { connection, records, time, maxQueueSize, maxQueueBytes } = this.#options;
    if (entries !== this.#latest) this.#number += 1;
    this.#latest = entries;
    const values = [String(this.#number), time(), String(maxQueueSize), String(maxQueueBytes)];
    for (const entry of entries) {
      values.push(toStoredId(entry.distinctId), writeHead(entry, records.people(entry)), records.write(entry));
    }
    const answer = (await connection.run(APPEND, values, this.#writer)) as string;
    const [, position, dropped, duplicates, incarnation] = answer.split(';') as [
      string,
      string,
      string,
      string,
      string,
    ];
    const chosen = (indexes: string): Entry[] =>
      indexes === '' ? [] : indexes.split(',').map((index) => entries[Number(index)]!);
    return { position: Number(position), dropped: chosen(dropped), duplicates: chosen(duplicates), incarnation };
  }
}
