import { randomUUID } from 'node:crypto';
import type { Entry } from '../../protocol/event.js';
import type { DurablyAppended, StoreMark } from '../../tracking/polled-outbox.js';
import type { EntryCodec } from '../durable/entry-codec.js';
import { toStoredId } from '../durable/stored-id.js';
import type { Connection } from './connection.js';
import { writeHead } from './head.js';
import { defineScript } from './script.js';

/** How long the server remembers a process's last commit: far longer than a command may be repeated. */
const REMEMBERED_MS = 60 * 60 * 1_000;

/**
 * Commit number, bounds, then distinctId, head and record of each entry → incarnation, the number of this writer's previous commit,
 * position, and the indexes of dropped entries and of duplicates. A repeated commit, whose reply was lost, gets the same reply:
 * its entries may have been delivered and settled in between.
 */
const APPEND = defineScript(`
local lastCommit = KEYS[8]
local number, maxSize, maxBytes = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local previous = redis.call('GET', lastCommit)
local before = previous and string.match(previous, '^%d+') or ''
local function reply(commit)
  local _, at, dropped, duplicates = string.match(commit, '^(%d+);(%d+);([%d,]*);([%d,]*)$')
  return done({ incarnation, before, at, dropped, duplicates })
end
if previous and tonumber(before) >= number then return reply(previous) end
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
local previous = redis.call('GET', KEYS[8])
return done({ incarnation, string.format('%d', position), previous and string.match(previous, '^%d+') or '' })
`);

export interface AppenderOptions {
  readonly connection: Connection;
  readonly codec: EntryCodec;
  readonly maxQueueSize: number;
  readonly maxQueueBytes: number;
}

/** Appends, one commit at a time, and detects when the store has lost one. */
export class Appender {
  readonly #options: AppenderOptions;
  readonly #writer = randomUUID();
  #number = 0;
  #latest: readonly Entry[] | undefined;
  /** The last commit that the server confirmed and remembers. */
  #confirmed = { number: 0, at: 0 };
  #losses = 0;

  constructor(options: AppenderOptions) {
    this.#options = options;
  }

  /**
   * Stores all of the entries or none. Passing the same array again repeats the same commit. A failed commit is not carried out
   * later.
   *
   * @param until time of `performance.now()` at which the caller gives up
   * @throws {StoreError} with `storedNothing` if this attempt cannot have succeeded
   */
  async commit(entries: readonly Entry[], until: number): Promise<DurablyAppended> {
    const { connection, codec, maxQueueSize, maxQueueBytes } = this.#options;
    if (entries !== this.#latest) {
      this.#number += 1;
      this.#latest = entries;
    }
    const number = this.#number;
    const values = [String(number), String(maxQueueSize), String(maxQueueBytes)];
    for (const entry of entries) {
      values.push(toStoredId(entry.distinctId), writeHead(entry, codec.people(entry)), codec.write(entry));
    }
    const sentAt = performance.now();
    const reply = await connection.run(APPEND, values, { writer: this.#writer, expires: true, until });
    const [incarnation, before, position, dropped, duplicates] = reply as [string, string, string, string, string];
    // If the reply to an earlier attempt was lost, the last commit is this one.
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

  /** The store's current mark. @throws {StoreError} */
  async mark(): Promise<StoreMark> {
    const sentAt = performance.now();
    const confirmed = this.#confirmed;
    const reply = await this.#options.connection.run(MARK, [], { writer: this.#writer });
    const [incarnation, position, last] = reply as [string, string, string];
    // Otherwise a commit was confirmed in the meantime and has compared.
    if (confirmed === this.#confirmed) this.#compare(last, sentAt);
    return { incarnation: this.#nameOf(incarnation), position: Number(position) };
  }

  /**
   * Replicas receive commits in order. So a server that does not remember a commit it confirmed is a replica that was promoted
   * without its primary's latest writes, or an older copy.
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
