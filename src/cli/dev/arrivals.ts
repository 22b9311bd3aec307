import type { Arrival, EventLine, Verdict } from '../../collector/index.js';
import { VERDICT_WORDS, WARNING_WORDS } from '../../collector/measuring/verdict-words.js';
import { printable } from '../../core/printable.js';

const MAX_NAME_LENGTH = 60;
const MAX_MESSAGE_LENGTH = 200;

/**
 * Formats a row as one line: its time, its event, and why it counted or not.
 *
 * Properties, emails and ids are left out: terminals are logged and shared, and these may be health data.
 */
export function formatArrival(arrival: Arrival, line: EventLine | undefined): string {
  if (arrival.kind === 'refused') return `refused   ${printable(arrival.message, MAX_MESSAGE_LENGTH)}`;
  const { event, receivedAt } = arrival.event;
  const time = new Date(receivedAt).toISOString().slice(11, 19);
  const verdict = arrival.kind === 'duplicate' ? 'duplicate_id' : line?.verdict;
  const warnings = (line?.warnings ?? []).map((warning) => WARNING_WORDS[warning]);
  const remarks = [verdict === undefined ? 'stored' : inWords(verdict), ...warnings];
  return `${time}  ${printable(event, MAX_NAME_LENGTH).padEnd(24)}  ${remarks.join('; ')}`;
}

function inWords(verdict: Verdict): string {
  const { outcome, reason } = VERDICT_WORDS[verdict];
  return `${outcome}: ${reason}`;
}

/** Prints arrivals in batches, so that the rows of one batch are measured together. */
export function createArrivalPrinter(
  print: (line: string) => void,
): (arrival: Arrival, recent: (limit: number) => readonly EventLine[]) => void {
  let waiting: Arrival[] = [];
  return (arrival, recent) => {
    if (waiting.push(arrival) > 1) return;
    setImmediate(() => {
      const lines = new Map(recent(waiting.length).map((line) => [line.number, line]));
      for (const one of waiting)
        print(formatArrival(one, one.kind === 'refused' ? undefined : lines.get(one.number ?? 0)));
      waiting = [];
    });
  };
}

/** Keys come from the sender, so only this many different ones are printed. */
const MAX_KEYS = 100;

/** Prints each unknown experiment key once, with the address of the form that creates it. */
export function createUnknownKeyPrinter(print: (line: string) => void): (key: string, formUrl: string) => void {
  const printed = new Set<string>();
  return (key, formUrl) => {
    if (printed.has(key) || printed.size >= MAX_KEYS) return;
    printed.add(key);
    print(`no experiment has the key ${key}: create it at ${formUrl}`);
  };
}
