import { type Entry, identifiersOf } from '../protocol/event.js';

/** The maximum number of events in a window. */
export const MAX_WINDOW_ENTRIES = 3_200;
/** The maximum size of a window, unless a single batch may be larger. */
const MAX_BYTES = 4 * 1024 * 1024;
/**
 * The shortest and longest time that a window is skipped after its probe has failed. After an outage, what was skipped waits for
 * the rest of it; the search passes as many bad events in a row as it probes windows meanwhile.
 */
const MIN_SKIP_MS = 2_000;
const MAX_SKIP_MS = 2 * 60_000;

/** The claim from which a probe chooses its event. */
export interface ProbeWindow {
  readonly maxEntries: number;
  readonly maxBytes: number;
}

/** Searches a queue of any length for an event that the service accepts. */
export interface ProbeSearch {
  /**
   * The window of the next probe. It doubles after each failed probe, so that n bad events at the head of the queue are passed
   * after about log2(n / flushAt) probes. At its full size, it moves instead of growing.
   *
   * @param batch the most rows and bytes of one batch
   */
  window(failedBefore: number, batch: ProbeWindow): ProbeWindow;
  /**
   * How long to skip the events of a window if its probe fails: twice as long as the search has taken so far, so that it gets
   * further each time, however slow its probes are. 0 for a window that may still grow, and for one that was not full: there
   * the queue ends, and the search starts again at its head.
   */
  skipMs(window: ProbeWindow, isFull: boolean): number;
}

export function createProbeSearch(monotonic: () => number): ProbeSearch {
  /** When the first window after the head of the queue was skipped. */
  let startedAt: number | undefined;
  return {
    window(failedBefore, batch) {
      const factor = 2 ** Math.min(failedBefore, 50);
      return {
        maxEntries: Math.max(batch.maxEntries, Math.min(MAX_WINDOW_ENTRIES, batch.maxEntries * factor)),
        maxBytes: Math.max(batch.maxBytes, Math.min(MAX_BYTES, batch.maxBytes * factor)),
      };
    },
    skipMs({ maxEntries }, isFull) {
      if (!isFull || maxEntries < MAX_WINDOW_ENTRIES) {
        startedAt = undefined;
        return 0;
      }
      startedAt ??= monotonic();
      return Math.min(MAX_SKIP_MS, MIN_SKIP_MS + 2 * (monotonic() - startedAt));
    },
  };
}

/**
 * Chooses the event of a probe so that none of n events waits for more than about 2n probes: at least half of the probes take
 * a random event that has not failed yet; the others take the event whose last failure is the oldest, or one of those that
 * failed with it. If the chosen event must follow an identify, the identify is sent instead.
 *
 * @param lastFailure larger the later the event last failed; 0 if it has not
 * @param mayBePassed whether events need not wait for an identify any longer
 */
export function chooseProbe(
  entries: readonly Entry[],
  lastFailure: (entry: Entry) => number,
  random: () => number,
  mayBePassed: (identify: Entry) => boolean = () => false,
): number {
  const failures = entries.map(lastFailure);
  const oldest = failures.reduce((first, at) => (at > 0 ? Math.min(first, at) : first), Number.POSITIVE_INFINITY);
  const untried = failures.filter((at) => at === 0).length;
  const share = untried === entries.length ? 1 : untried && Math.max(0.5, untried / entries.length);
  const isUntried = random() < share;
  const candidates = [...failures.keys()].filter((at) => failures[at] === (isUntried ? 0 : oldest));
  let chosen = candidates[Math.min(candidates.length - 1, Math.floor(random() * candidates.length))]!;
  let people = new Set(identifiersOf(entries[chosen]!));
  for (let at = chosen - 1; at >= 0; at -= 1) {
    const entry = entries[at]!;
    const names = entry.kind === 'identify' && !mayBePassed(entry) ? identifiersOf(entry) : [];
    if (!names.some((name) => people.has(name))) continue;
    chosen = at;
    people = new Set(names);
  }
  return chosen;
}
