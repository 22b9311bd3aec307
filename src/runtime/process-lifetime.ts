import type { EndListener } from './process-events.js';

/** How long a process that has run out of work stays for its last events, in milliseconds. */
const DRAIN_MS = 5_000;
/**
 * What a drain takes of that time at the least. A program that tracks an event in every 'beforeExit' starts one drain after the
 * other and would never end; it ends after ten.
 */
const MIN_DRAIN_MS = 500;

export interface LifetimeOptions {
  readonly monotonic: () => number;
  /** Delivers what is open; resolves to how many events still are, at the latest after `timeoutMs`. */
  readonly flush: (timeoutMs: number) => Promise<number>;
  /** The time for the last events is over: lets go of whatever keeps the process. */
  readonly giveUp: () => void;
  /** The process ends with open events. Synchronous. */
  readonly onExit: () => void;
}

/**
 * Keeps a process that runs out of work until its events are delivered, and not longer.
 *
 *   idle      no event is open                                            → waiting, with the first event
 *   waiting   events are open; nothing here keeps the process             → draining, when it has run out of work
 *   draining  a timer keeps the process                                   → idle, or waiting when the time is over
 *
 * All drains of a process together take at most {@link DRAIN_MS}; after that, waiting only tells how many events were lost.
 */
export interface ProcessLifetime {
  /** Events are open. */
  ref(): void;
  /** No event is open any longer, or the client is closed. */
  unref(): void;
}

/** @param listen `onProcessEnd` of process-events.ts */
export function createProcessLifetime(
  { monotonic, flush, giveUp, onExit }: LifetimeOptions,
  listen: (listener: EndListener) => () => void,
): ProcessLifetime {
  let leftMs = DRAIN_MS;
  let unlisten: (() => void) | undefined;
  let isDraining = false;

  async function drain(): Promise<void> {
    if (isDraining || leftMs <= 0) return;
    isDraining = true;
    const startedAt = monotonic();
    const restMs = (): number => leftMs - (monotonic() - startedAt);
    const hold = setTimeout(() => undefined, leftMs);
    // Events that are tracked meanwhile, as by `onOutcome`, are open as well.
    let open: number;
    do open = await flush(Math.max(0, restMs()));
    while (open > 0 && unlisten !== undefined && restMs() > 0);
    clearTimeout(hold);
    leftMs = Math.min(restMs(), leftMs - MIN_DRAIN_MS);
    isDraining = false;
    if (open > 0 && unlisten !== undefined) giveUp();
  }

  return {
    ref() {
      unlisten ??= listen({ onIdle: () => void drain(), onExit });
    },
    unref() {
      unlisten?.();
      unlisten = undefined;
    },
  };
}
