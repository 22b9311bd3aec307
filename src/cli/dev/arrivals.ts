import type { Arrival, EventLine } from '../../collector/index.js';
import { arrivalLine } from './arrival-line.js';

/** Collects the rows of one batch before printing: all of them are judged at once. */
export function printSoon(
  print: (line: string) => void,
): (arrival: Arrival, recent: (limit: number) => readonly EventLine[]) => void {
  let waiting: Arrival[] = [];
  return (arrival, recent) => {
    if (waiting.push(arrival) > 1) return;
    setImmediate(() => {
      const lines = new Map(recent(waiting.length).map((line) => [line.number, line]));
      for (const one of waiting)
        print(arrivalLine(one, one.kind === 'refused' ? undefined : lines.get(one.number ?? 0)));
      waiting = [];
    });
  };
}

/** Keys come from the sender: more different ones than a person looks at are not told one by one. */
const MAX_KEYS = 100;

/** Tells once of every key that no experiment has, and where to create it. */
export function printUnknown(print: (line: string) => void): (key: string, formUrl: string) => void {
  const told = new Set<string>();
  return (key, formUrl) => {
    if (told.has(key) || told.size >= MAX_KEYS) return;
    told.add(key);
    print(`no experiment has the key ${key}: create it at ${formUrl}`);
  };
}
