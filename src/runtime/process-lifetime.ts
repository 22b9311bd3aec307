import { type Hold, later } from '../core/timers.js';
import type { EndListener } from './process-events.js';

/** How often a kept process looks for new outcomes, in milliseconds, and after how many looks in vain it is no longer kept. */
const LOOK_MS = 1_000;
const SILENT_LOOKS = 5;
/** A program that tracks an event each time it is about to end would never end. It ends after this many such events in a row. */
const MAX_REVIVALS = 10;
/** How long the end of the process is still listened to after the last event, in milliseconds, to recognise such a program. */
const LINGER_MS = 1_000;

export interface LifetimeOptions {
  /** The number of events so far that are no longer open. */
  readonly progress: () => number;
  /** Delivers the open events. Resolves when all of them are closed. */
  readonly flush: () => Promise<unknown>;
  /** The time is over: ends everything that keeps the process alive. */
  readonly giveUp: () => void;
  /** The process ends with open events. Synchronous. */
  readonly onExit: () => void;
}

/**
 * Keeps a process alive while someone waits for its events and they get outcomes.
 *
 *   free     nothing keeps the process                     ──a wait begins, or the event loop is empty──▶ held
 *   held     a timer keeps the process                     ──the last wait ends──▶ free
 *                                                          ──five seconds without an outcome──▶ silent
 *   silent   waits go on, and nothing keeps the process    ──an outcome──▶ held   ──the last wait ends──▶ free
 *
 * A wait is one of the program's, for an event or a flush, or the client's own for all open events when the event loop is empty.
 */
export interface ProcessLifetime {
  /** An event is open. @param isReaction the program tracked it in a call that told it of another event's outcome */
  ref(isReaction: boolean): void;
  /** No event is open. */
  unref(): void;
  readonly hold: Hold;
  /** The client is closed. */
  end(): void;
}

/** @param listen `onProcessEnd` of process-events.ts */
export function createProcessLifetime(
  { progress, flush, giveUp, onExit }: LifetimeOptions,
  listen: (listener: EndListener) => () => void,
): ProcessLifetime {
  let hasOpen = false;
  let unlisten: (() => void) | undefined;
  let cancelLinger: (() => void) | undefined;

  let waits = 0;
  /** In a browser's environment, as test runners make it, timers are numbers. */
  let timer: { ref?(): void; unref?(): void };
  let closed = 0;
  let silentLooks = 0;

  /** All listeners of 'beforeExit' are being called. */
  let isEnding = false;
  let isDraining = false;
  let isRevived = false;
  let revivals = 0;

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
    if (isDraining) giveUp();
  }

  const hold: Hold = (wait) => {
    if (revivals >= MAX_REVIVALS) return wait;
    if (waits === 0) {
      closed = progress();
      silentLooks = 0;
      timer = setInterval(look, LOOK_MS);
    }
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

  function onIdle(): void {
    revivals = isRevived ? revivals + 1 : 0;
    isRevived = false;
    isEnding = true;
    queueMicrotask(() => {
      isEnding = false;
    });
    if (isDraining || revivals >= MAX_REVIVALS) return;
    if (waits > 0 && silentLooks >= SILENT_LOOKS) giveUp();
    else void drain();
  }

  function stopListening(): void {
    cancelLinger?.();
    cancelLinger = undefined;
    unlisten?.();
    unlisten = undefined;
  }

  return {
    ref(isReaction) {
      hasOpen = true;
      if (isEnding || (isReaction && isDraining)) isRevived = true;
      unlisten ??= listen({
        onIdle,
        onExit() {
          if (hasOpen) onExit();
        },
      });
    },
    unref() {
      hasOpen = false;
      cancelLinger ??= later(LINGER_MS, () => {
        cancelLinger = undefined;
        if (!hasOpen) stopListening();
      });
    },
    hold,
    end() {
      hasOpen = false;
      stopListening();
    },
  };
}
