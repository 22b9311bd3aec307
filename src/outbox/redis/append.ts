import { randomUUID } from 'node:crypto';
import type { Entry } from '../../protocol/event.js';
import type { DurablyAppended, StoreMark } from '../../tracking/polled-outbox.js';
import type { EntryCodec } from '../durable/entry-codec.js';
import { toStoredId } from '../durable/stored-id.js';
import type { Connection } from './connection.js';
import { writeHead } from './head.js';
import { defineScript } from './script.js';

/** How long the server keeps the last commit of a process in mind: far longer than a command is sent again. */
const REMEMBERED_MS = 60 * 60 * 1_000;

/**
 * Commit number, bounds, then distinctId, head and record of each entry → incarnation, the number of this writer's previous commit,
 * position, and the indexes of what was dropped and of duplicates. A commit that is sent again, because its answer was lost,
 * gets the answer it had: its entries may have been delivered and settled in between.
 */
const APPEND = defineScript(`
local lastCommit = KEYS[8]
local number, maxSize, maxBytes = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local answered = redis.call('GET', lastCommit)
local before = answered and string.match(answered, '^%d+') or ''
local function reply(commit)
  local _, at, dropped, duplicates = string.match(commit, '^(%d+);(%d+);([%d,]*);([%d,]*)$')
  return done({ incarnation, before, at, dropped, duplicates })
end
if answered and tonumber(before) >= number then return reply(answered) end
if isLate then return answer('late', {}) end
if isBroken then return answer('broken', {}) end

local wanted, known = arguments(4, 3), {}
inPieces(wanted, function(piece)
  for at, id in ipairs(redis.call('HMGET', ids, unpack(piece))) do
    if id then known[piece[at]] = true end
  end
end)

local entries, dropped, duplicates, added = {}, {}, {}, 0
for index, distinctId in ipairs(wanted) do
  local head, record = ARGV[3 * index + 2], ARGV[3 * index + 3]
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
add(entries)
local commit = string.format('%d;%d;%s;%s', number, position, table.concat(dropped, ','), table.concat(duplicates, ','))
if #entries > 0 then redis.call('SET', lastCommit, commit, 'PX', ${REMEMBERED_MS}) end
return reply(commit)
`);

/** → incarnation, position, and the number of this writer's last commit. */
const MARK = defineScript(`
local answered = redis.call('GET', KEYS[8])
return done({ incarnation, string.format('%d', position), answered and string.match(answered, '^%d+') or '' })
`);

export interface AppenderOptions {
  readonly connection: Connection;
  readonly records: EntryCodec;
  readonly maxQueueSize: number;
  readonly maxQueueBytes: number;
}

/** Appends, one commit after the other, and notices when the store has lost one. */
export class Appender {
  readonly #options: AppenderOptions;
  readonly #writer = randomUUID();
  #number = 0;
  #latest: readonly Entry[] | undefined;
  /** The last commit that the server has confirmed and keeps in mind. */
  #confirmed = { number: 0, at: 0 };
  #losses = 0;

  constructor(options: AppenderOptions) {
    this.#options = options;
  }

  /**
   * Stores the entries, all or none; the same list once more is the same commit. What has failed is not carried out later.
   *
   * @param until time of `performance.now()` at which the caller gives up
   * @throws {RedisOutboxError} with `storedNothing` when this attempt cannot have succeeded
   */
  async commit(entries: readonly Entry[], until: number): Promise<DurablyAppended> {
    const { connection, records, maxQueueSize, maxQueueBytes } = this.#options;
    if (entries !== this.#latest) {
      this.#number += 1;
      this.#latest = entries;
    }
    const number = this.#number;
    const values = [String(number), String(maxQueueSize), String(maxQueueBytes)];
    for (const entry of entries) {
      values.push(toStoredId(entry.distinctId), writeHead(entry, records.people(entry)), records.write(entry));
    }
    const sentAt = performance.now();
    const answer = await connection.run(APPEND, values, { writer: this.#writer, expires: true, until });
    const [incarnation, before, position, dropped, duplicates] = answer as [string, string, string, string, string];
    // An attempt whose answer was lost has made this very commit the last one.
    if (Number(before) !== number) this.#compare(before, sentAt);
    const chosen = (indexes: string): Entry[] =>
      indexes === '' ? [] : indexes.split(',').map((index) => entries[Number(index)]!);
    const result = {
      incarnation: this.#nameOf(incarnation),
      position: Number(position),
      dropped: chosen(dropped),
      duplicates: chosen(duplicates),
    };
    if (result.dropped.length + result.duplicates.length < entries.length) this.#confirmed = { number, at: sentAt };
    return result;
  }

  /** Where the store stands now. @throws {RedisOutboxError} */
  async mark(): Promise<StoreMark> {
    const sentAt = performance.now();
    const confirmed = this.#confirmed;
    const answer = await this.#options.connection.run(MARK, [], { writer: this.#writer });
    const [incarnation, position, last] = answer as [string, string, string];
    // Otherwise a commit was confirmed in the meantime, which has compared.
    if (confirmed === this.#confirmed) this.#compare(last, sentAt);
    return { incarnation: this.#nameOf(incarnation), position: Number(position) };
  }

  /**
   * Replicas receive commits in their order. So a server that does not know the last one it confirmed is a replica that was
   * promoted without its primary's latest writes, or an older copy.
   */
  #compare(last: string, sentAt: number): void {
    const { number, at } = this.#confirmed;
    if (Number(last) >= number || sentAt - at > REMEMBERED_MS / 2) return;
    this.#losses += 1;
    this.#confirmed = { number: 0, at: 0 };
  }

  #nameOf(incarnation: string): string {
    return `${incarnation}/${this.#losses}`;
  }
}
