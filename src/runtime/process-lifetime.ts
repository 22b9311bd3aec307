import type { EndListener } from './process-events.js';

/** How long a process with an empty event loop waits for its last events, in milliseconds. */
const DRAIN_MS = 5_000;
/**
 * The minimum that a drain uses of that time. A program that tracks an event in every 'beforeExit' would start drains forever;
 * it ends after ten.
 */
const MIN_DRAIN_MS = 500;

export interface LifetimeOptions {
  readonly monotonic: () => number;
  /** Delivers the open events. Resolves to the number that is still open, after `timeoutMs` at the latest. */
  readonly flush: (timeoutMs: number) => Promise<number>;
  /** The time is over: ends everything that keeps the process alive. */
  readonly giveUp: () => void;
  /** The process ends with open events. Synchronous. */
  readonly onExit: () => void;
}

/**
 * Keeps a process alive until its events are delivered, and no longer.
 *
 *   idle      no event is open                              ──the first event──▶ waiting
 *   waiting   events are open; nothing keeps the process    ──the event loop is empty──▶ draining
 *   draining  a timer keeps the process                     ──all events are settled──▶ idle
 *                                                           ──the time is over──▶ waiting
 *
 * All drains of a process together take at most {@link DRAIN_MS}. After that, `onExit` reports the open events.
 */
export interface ProcessLifetime {
  /** An event is open. */
  ref(): void;
  /** No event is open, or the client is closed. */
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
    // `onOutcome` may track further events.
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
