import { count } from '../../core/counts.js';
import type { DurableOutbox } from '../../outbox/outbox.js';
import { readState } from '../../outbox/outbox-state.js';
import { MAX_EVENT_AGE_MS } from '../../protocol/limits.js';
import { about, bytesInWords, durationInWords } from '../amounts.js';
import { messageOf } from '../command.js';
import { countReasons } from '../dead-letter-reasons.js';
import type { RedisServer } from '../open-outbox.js';
import type { Check } from './check.js';

/** A running relay needs seconds. */
const OLD_MS = 10 * 60_000;
/** A day before the service rejects the event as too old. */
const TOO_OLD_SOON_MS: number = MAX_EVENT_AGE_MS - 24 * 60 * 60_000;

/** Checks an open outbox: its size, the age of its events, and its dead letters. */
export async function checkQueue(outbox: DurableOutbox, describe: string): Promise<Check[]> {
  const state = await readState(outbox);
  const { waiting, claimed, bytes, oldestAgeMs, deadLetters } = state;
  const holds = `${about(state)}${count(waiting)} waiting, ${count(claimed)} being delivered, ${bytesInWords(bytes)}`;
  return [
    { check: 'outbox', level: 'ok', message: `${describe} opens and holds ${holds}.` },
    ...(await checkSeals(outbox)),
    checkAge(oldestAgeMs),
    await checkDeadLetters(outbox, deadLetters),
  ];
}

async function checkSeals(outbox: DurableOutbox): Promise<Check[]> {
  const unsealed = await outbox.countUnsealed?.();
  if (unsealed === undefined) return [];
  const check = 'sealing';
  if (unsealed === 0) return [{ check, level: 'ok', message: 'every event is sealed.' }];
  const message = `${count(unsealed)} events are not sealed and are not delivered: they were stored before the outbox had keys, by a process without keys, or by someone else. docs/sealing.md explains how to accept them.`;
  return [{ check, level: 'warning', message }];
}

function checkAge(ageMs: number | undefined): Check {
  const check = 'oldest event';
  if (ageMs === undefined) return { check, level: 'ok', message: 'no event is waiting.' };
  const waits = `has waited for ${durationInWords(ageMs)}`;
  if (ageMs > TOO_OLD_SOON_MS) {
    const message = `${waits}; after 7 days the service rejects it. Start a relay now: ours-ingest relay, with this outbox.`;
    return { check, level: 'error', message };
  }
  if (ageMs <= OLD_MS) return { check, level: 'ok', message: `${waits}.` };
  const message = `${waits}: check that a relay (ours-ingest relay) is running, and read its output.`;
  return { check, level: 'warning', message };
}

async function checkDeadLetters({ deadLetters }: DurableOutbox, total: number): Promise<Check> {
  const check = 'dead letters';
  if (total === 0) return { check, level: 'ok', message: 'none.' };
  const reasons = (await countReasons(deadLetters)).map((reason) => `${count(reason.deadLetters)} ${reason.label}`);
  const message = `${count(total)} events could not be delivered (${reasons.join(', ')}): ours-ingest dead-letters list, with this outbox.`;
  return { check, level: 'warning', message };
}

/** Checks that a Redis server keeps its data through a crash, and when its memory is full. */
export async function checkRedis(server: RedisServer): Promise<Check[]> {
  try {
    const info = parseInfo(String(await server.call('INFO')));
    return [checkPersistence(info), checkEviction(info)];
  } catch (error) {
    const message = `its configuration cannot be read (${messageOf(error)}). Make sure that appendonly is yes and maxmemory-policy is noeviction.`;
    return [{ check: 'Redis', level: 'warning', message }];
  }
}

type Info = ReadonlyMap<string, string>;

/** Parses lines of `name:value`, between headings. */
function parseInfo(text: string): Info {
  return new Map(
    text.split(/\r?\n/).flatMap((line) => {
      const end = line.indexOf(':');
      return end < 0 ? [] : [[line.slice(0, end), line.slice(end + 1)] as const];
    }),
  );
}

function checkPersistence(info: Info): Check {
  const check = 'Redis persistence';
  if (info.get('aof_enabled') === '1') return { check, level: 'ok', message: 'appendonly is on.' };
  const message = 'appendonly is off: if Redis crashes, data since its last snapshot is lost. Set appendonly yes.';
  return { check, level: 'warning', message };
}

function checkEviction(info: Info): Check {
  const check = 'Redis memory';
  const policy = info.get('maxmemory_policy') ?? 'unknown';
  if (policy === 'noeviction' || info.get('maxmemory') === '0') {
    return { check, level: 'ok', message: `nothing is evicted (${policy}).` };
  }
  const message = `maxmemory-policy is ${policy}: when memory is full, events may be evicted. Set it to noeviction.`;
  return { check, level: 'error', message };
}
