import { openSync, writeSync } from 'node:fs';

import type { Sample } from './sampling.js';

/** What kind of event it is: a good one, one that the service always refuses, or one that it never answers well. */
export type Nature = 'good' | 'bad' | 'poison';

/** An event as its producer knows it. */
export interface Tracked {
  readonly id: string;
  /** Unique, whatever the id is. */
  readonly key: string;
  readonly kind: 'track' | 'identify';
  readonly nature: Nature;
  /** The time it was given; `undefined` where the client is to stamp it. */
  readonly time: number | undefined;
  /** By the true clock, before and after the call; `undefined` where the process has a wrong clock. */
  readonly between: readonly [number, number] | undefined;
  /** The last identify of the same visitor before it. */
  readonly after: string | undefined;
}

/** What a worker has seen, a line each. A line is in the file by the time the worker goes on, so that no kill loses it. */
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
