import { later } from '../core/timers.js';

/** The handlers of a client for the end of its process. */
export interface EndListener {
  /** The event loop is empty. New timers and requests keep the process alive. */
  onIdle(): void;
  /** The process exits now. Asynchronous work no longer runs. */
  onExit(): void;
}

/**
 * The end of a process on Node, Bun and Deno, for all of its clients. They share two listeners of `process`, because Node warns of
 * the eleventh.
 *
 * A program that tracks an event each time it is about to end, in 'beforeExit' or when it hears of an outcome, would never end. It
 * is over when the event loop was empty {@link MAX_REVIVALS} times in a row and events had been tracked since the last time.
 */
export interface ProcessEnd {
  /** The listeners of 'exit' are being called, and this one has been: it will not be called for what is tracked now. */
  readonly isExiting: boolean;
  /** The process is no longer to be kept. */
  readonly isOver: boolean;
  /** A client is created. */
  join(): void;
  /** A client that had no open event has one. */
  enter(listener: EndListener): void;
  /** Any client has tracked an event. */
  tracked(): void;
  /** A client has no open event any more. */
  leave(listener: EndListener): void;
}

const MAX_REVIVALS = 10;
/**
 * How long the process is still listened to, at most, after no event is open, in milliseconds. If none is open then, the process
 * has had work of its own.
 */
const LINGER_MS = 1_000;

function createProcessEnd(): ProcessEnd {
  const clients = new Set<EndListener>();
  let isJoined = false;
  let isExiting = false;
  let isListening = false;
  let isLingering = false;
  let isRevived = false;
  let revivals = 0;

  function onBeforeExit(): void {
    if (end.isOver) return;
    revivals = isRevived ? revivals + 1 : 0;
    isRevived = false;
    for (const client of [...clients]) client.onIdle();
  }

  function onExit(): void {
    isExiting = true;
    // Where something else emits 'exit', the process goes on.
    later(0, () => {
      isExiting = false;
    });
    for (const client of [...clients]) client.onExit();
  }

  function linger(): void {
    isLingering = false;
    if (clients.size > 0) return;
    revivals = 0;
    isListening = false;
    process.off('beforeExit', onBeforeExit);
  }

  const end: ProcessEnd = {
    get isExiting() {
      return isExiting;
    },
    get isOver() {
      return revivals >= MAX_REVIVALS;
    },
    join() {
      // For good: a listener that is added while 'exit' is emitted is not called.
      if (!isJoined) process.on('exit', onExit);
      isJoined = true;
    },
    enter(client) {
      clients.add(client);
      if (!isListening) process.on('beforeExit', onBeforeExit);
      isListening = true;
      // Where another listener of 'beforeExit' tracks, ours may have been called. One more turn of the event loop emits it again.
      if (!end.isOver) setTimeout(() => undefined, 0);
    },
    tracked() {
      isRevived = true;
    },
    leave(client) {
      clients.delete(client);
      if (clients.size > 0 || isLingering || !isListening) return;
      isLingering = true;
      later(LINGER_MS, linger);
    },
  };
  return end;
}

// One for the process: ESM, CommonJS and each reload (a dev server, a test runner) have their own copy of this module. Copies of
// several versions may meet, so a change of the interface needs a new name.
const PROCESS_END: unique symbol = Symbol.for('ours-ingest.process-end') as never;
const globals = globalThis as { [PROCESS_END]?: ProcessEnd };
globals[PROCESS_END] ??= createProcessEnd();

export const processEnd: ProcessEnd = globals[PROCESS_END];
