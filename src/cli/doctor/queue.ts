import type { DurableOutbox } from '../../outbox/outbox.js';
import { MAX_EVENT_AGE_MS } from '../../protocol/limits.js';
import { bytesInWords, count, durationInWords } from '../amounts.js';
import { countReasons } from '../dead-letter-reasons.js';
import { readState } from '../outbox-state.js';
import type { Check } from './check.js';

/** A relay that runs needs seconds. */
const OLD_MS = 10 * 60_000;
/** A day before the service takes them no more. */
const TOO_OLD_SOON_MS: number = MAX_EVENT_AGE_MS - 24 * 60 * 60_000;

/** How an outbox that could be opened stands: what waits, for how long, and what was given up. */
export async function checkQueue(outbox: DurableOutbox, describe: string): Promise<Check[]> {
  const { waiting, claimed, bytes, oldestAgeMs, deadLetters } = await readState(outbox);
  const holds = `${count(waiting)} waiting, ${count(claimed)} being delivered, ${bytesInWords(bytes)}`;
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
  const message = `${count(unsealed)} events are not sealed and are not delivered: they were stored before the outbox had keys, by a process without keys, or by someone else. docs/sealing.md says how to take them over.`;
  return [{ check, level: 'warning', message }];
}

function checkAge(ageMs: number | undefined): Check {
  const check = 'oldest event';
  if (ageMs === undefined) return { check, level: 'ok', message: 'none waits.' };
  const waits = `has waited for ${durationInWords(ageMs)}`;
  if (ageMs > TOO_OLD_SOON_MS) {
    const message = `${waits}; older than 7 days it is refused. Start a relay now: ours-ingest relay, with this outbox.`;
    return { check, level: 'error', message };
  }
  if (ageMs > OLD_MS) {
    return {
      check,
      level: 'warning',
      message: `${waits}: does a relay run (ours-ingest relay), and what does it say?`,
    };
  }
  return { check, level: 'ok', message: `${waits}.` };
}

async function checkDeadLetters({ deadLetters }: DurableOutbox, letters: number): Promise<Check> {
  const check = 'dead letters';
  if (letters === 0) return { check, level: 'ok', message: 'none.' };
  const reasons = (await countReasons(deadLetters)).map((reason) => `${count(reason.letters)} ${reason.label}`);
  const message = `${count(letters)} events were given up (${reasons.join(', ')}): ours-ingest dead-letters list, with this outbox.`;
  return { check, level: 'warning', message };
}
