import { openSync, writeSync } from 'node:fs';

import type { Sample } from './sampling.js';

/** `good`; `bad`: the service always rejects the event; `poison`: every request that holds the event fails. */
export type Nature = 'good' | 'bad' | 'poison';

/** An event as its producer knows it. */
export interface Tracked {
  readonly id: string;
  /** Identifies the event even if its id is generated or wrong. */
  readonly key: string;
  readonly kind: 'track' | 'identify';
  readonly nature: Nature;
  /** The time passed to the client; `undefined` if the client stamps the event. */
  readonly time: number | undefined;
  /** The true time before and after the call; `undefined` if the process has a wrong clock. */
  readonly between: readonly [number, number] | undefined;
  /** The key of the visitor's last identify before this event. */
  readonly after: string | undefined;
}

/** One line of a worker's diary. Lines are written synchronously, so a kill loses none. */
export type Line =
  | readonly ['tracked', Tracked]
  | readonly ['stored', id: string]
  | readonly ['not stored', id: string, code: string, message: string]
  | readonly ['outcome', id: string, status: string, why: string]
  | readonly ['settled', id: string, status: string, why: string]
  | readonly ['transaction', ids: readonly string[], end: 'committed' | 'rolled back' | 'unknown']
  | readonly ['warned', message: string]
  | readonly ['sampled', Sample]
  | readonly ['closed', totals: Readonly<Record<'delivered' | 'pending' | 'rejected' | 'dropped', number>>]
  | readonly ['failed', message: string];

export type Diary = (...line: Line) => void;

export function openDiary(path: string): Diary {
  const file = openSync(path, 'a');
  return (...line) => void writeSync(file, `${JSON.stringify(line)}\n`);
}
