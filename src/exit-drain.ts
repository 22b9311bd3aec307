import type { Episodes } from './logger.js';

/** How long a process that has run out of work stays for its last events. */
const EXIT_DRAIN_MS = 5_000;

export interface ExitDrainOptions {
  readonly episodes: Episodes;
  /** Whether what is open survives the process. */
  readonly isDurable: boolean;
  /** Delivers what is open; resolves to how many events still are, at the latest after `timeoutMs`. */
  readonly flush: (timeoutMs: number) => Promise<number>;
}

/** Keeps a process that ends by itself for its last events. */
export interface ExitDrain {
  /** There are events to deliver. */
  hold(): void;
  /** There is nothing left to stay for. */
  letGo(): void;
}

/** @param onIdleExit calls what it is given when the process has run out of work, and returns what takes that back */
export function createExitDrain(
  { episodes, isDurable, flush }: ExitDrainOptions,
  onIdleExit: (drain: () => Promise<unknown>) => () => void,
): ExitDrain {
  let leave: (() => void) | undefined;

  function letGo(): void {
    leave?.();
    leave = undefined;
  }

  async function drain(): Promise<void> {
    // Not again for the same events: a process whose events cannot be delivered must end.
    letGo();
    const hold = setTimeout(() => undefined, EXIT_DRAIN_MS);
    const open = await flush(EXIT_DRAIN_MS);
    clearTimeout(hold);
    // What a durable outbox holds is there for the next process.
    if (open === 0 || isDurable) return;
    episodes.remind('exit', `the process ends with events undelivered (${open}): the service took none in time.`);
  }

  return {
    hold() {
      leave ??= onIdleExit(drain);
    },
    letGo,
  };
}
