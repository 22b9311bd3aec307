import { type Entry, identifiersOf } from '../protocol/event.js';

/** A window grows to so many batches. */
const MAX_BATCHES = 32;
/** The most bytes a window holds, unless a single batch may hold more. */
const MAX_BYTES = 4 * 1024 * 1024;
/** The most a search keeps a window of events out of sight after its probe has failed. */
const MAX_SKIP_MS = 60_000;
/** How long it does so for each probe that has failed before: the search needs the time to look past the window. */
const SKIP_MS_PER_PROBE = 2_000;

/** What a probe claims to choose its one event from. */
export interface ProbeWindow {
  readonly maxEntries: number;
  readonly maxBytes: number;
  /** How long the events of the window stay out of sight if the probe fails and the window was full. */
  readonly skipMs: number;
}

/**
 * The window of the next probe: twice as large after each one that failed, so that a run of n bad events at the head of the
 * queue is passed after about log2(n / flushAt) probes. At its full size it moves on instead of growing.
 *
 * @param batch the most rows and bytes of one batch
 */
export function probeWindow(
  failedBefore: number,
  batch: { readonly maxEntries: number; readonly maxBytes: number },
): ProbeWindow {
  const batches = Math.min(MAX_BATCHES, 2 ** failedBefore);
  return {
    maxEntries: batch.maxEntries * batches,
    maxBytes: Math.max(batch.maxBytes, Math.min(MAX_BYTES, batch.maxBytes * batches)),
    skipMs: batches < MAX_BATCHES ? 0 : Math.min(MAX_SKIP_MS, failedBefore * SKIP_MS_PER_PROBE),
  };
}

/**
 * Chooses the event to probe with: one of those that have failed least often, each of them with the same chance. So bad events
 * cannot occupy the place from which probes are taken, and events not tried yet come before those that were. Where the chosen
 * one has to follow an identify, the identify goes.
 */
export function chooseProbe(
  entries: readonly Entry[],
  timesFailed: (entry: Entry) => number,
  random: () => number,
): number {
  const failures = entries.map(timesFailed);
  const fewest = failures.reduce((least, times) => Math.min(least, times));
  const candidates = [...failures.keys()].filter((at) => failures[at] === fewest);
  let chosen = candidates[Math.min(candidates.length - 1, Math.floor(random() * candidates.length))]!;
  let people = new Set(identifiersOf(entries[chosen]!));
  for (let at = chosen - 1; at >= 0; at -= 1) {
    const entry = entries[at]!;
    const names = entry.kind === 'identify' ? identifiersOf(entry) : [];
    if (!names.some((name) => people.has(name))) continue;
    chosen = at;
    people = new Set(names);
  }
  return chosen;
}
