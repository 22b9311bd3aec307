import type { Hold } from '../core/timers.js';
import type { ProcessEnd } from './process-events.js';

/** How often a kept process looks for new outcomes, in milliseconds, and after how many looks in vain it is no longer kept. */
const LOOK_MS = 1_000;
const SILENT_LOOKS = 5;

/** The real ones, also where a test replaces them later: a timer that is not real keeps no process. */
const { setInterval, clearInterval } = globalThis;

export interface LifetimeOptions {
  /** The number of events so far that are no longer open. */
  readonly progress: () => number;
  /** Delivers the open events. Resolves when all of them are closed. */
  readonly flush: () => Promise<unknown>;
  /** The time is over: ends everything that keeps the process alive. */
  readonly giveUp: () => void;
  /**
   * The process ends with open events. Synchronous.
   * @param isLate whether it was called before, or could have been: another listener of 'exit' has tracked one more event
   */
  readonly onExit: (isLate: boolean) => void;
}

/**
 * Keeps a process alive while someone waits for its events and they get outcomes.
 *
 *   free     nothing keeps the process                     ──a wait begins, or the event loop is empty──▶ held
 *   held     a timer keeps the process                     ──the last wait ends──▶ free
 *                                                          ──five seconds without an outcome──▶ silent
 *   silent   waits go on, and nothing keeps the process    ──an outcome, or a wait begins──▶ held
 *                                                          ──the last wait ends──▶ free
 *
 * A wait is one of the program's, for an event or a flush, or the client's own for all open events when the event loop is empty.
 * In silence the client waits at the end only for events that were tracked after the last wait had begun.
 */
export interface ProcessLifetime {
  /** An event is open. */
  ref(): void;
  /** No event is open, or the client is closed. */
  unref(): void;
  readonly hold: Hold;
}

export function createProcessLifetime(
  { progress, flush, giveUp, onExit }: LifetimeOptions,
  end: ProcessEnd,
): ProcessLifetime {
  let hasOpen = false;
  /** Tracked since the last wait began, so nobody has flushed it yet. */
  let hasNew = false;

  let waits = 0;
  /** In a browser's environment, as test runners make it, timers are numbers. */
  let timer: { ref?(): void; unref?(): void };
  let closed = 0;
  let silentLooks = 0;
  let isDraining = false;
  let isReporting = false;

  function look(): void {
    const before = closed;
    closed = progress();
    if (closed !== before) {
      silentLooks = 0;
      timer.ref?.();
      return;
    }
    silentLooks += 1;
    if (silentLooks !== SILENT_LOOKS) return;
    timer.unref?.();
    if (isDraining) stopWaiting();
  }

  const hold: Hold = (wait) => {
    if (end.isOver) return wait;
    hasNew = false;
    closed = progress();
    silentLooks = 0;
    if (waits === 0) timer = setInterval(look, LOOK_MS);
    else timer.ref?.();
    waits += 1;
    return wait.finally(() => {
      waits -= 1;
      if (waits === 0) clearInterval(timer as never);
    });
  };

  async function drain(): Promise<void> {
    isDraining = true;
    await hold(flush()).catch(() => undefined);
    isDraining = false;
  }

  function stopWaiting(): void {
    isDraining = false;
    silentLooks = 0;
    giveUp();
  }

  function report(isLate: boolean): void {
    // A program that tracks an event whenever it hears of one would go on for ever.
    if (isReporting) return;
    isReporting = true;
    onExit(isLate);
    isReporting = false;
  }

  end.join();
  const listener = {
    onIdle() {
      if (waits === 0 || hasNew) void drain();
      else if (silentLooks >= SILENT_LOOKS) stopWaiting();
    },
    onExit: () => report(false),
  };

  return {
    ref() {
      hasNew = true;
      end.tracked();
      if (end.isExiting) report(true);
      if (hasOpen) return;
      hasOpen = true;
      end.enter(listener);
    },
    unref() {
      hasOpen = false;
      end.leave(listener);
    },
    hold,
  };
}
