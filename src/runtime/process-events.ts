/** What a client does when its process comes to an end. */
export interface EndListener {
  /** The process has run out of work. Timers and requests that this starts keep it. */
  onIdle(): void;
  /** The process ends now: nothing asynchronous runs after this. */
  onExit(): void;
}

const listeners = new Set<EndListener>();

const idle = (): void => {
  for (const listener of [...listeners]) listener.onIdle();
};
const exit = (): void => {
  for (const listener of [...listeners]) listener.onExit();
};

/**
 * Listens to the end of the process, as Node, Bun and Deno tell it; the returned function takes that back. All clients share
 * two listeners of `process`, because Node warns of the eleventh.
 */
export function onProcessEnd(listener: EndListener): () => void {
  listeners.add(listener);
  if (listeners.size === 1) process.on('beforeExit', idle).on('exit', exit);
  // A listener of "beforeExit" that tracks an event is too late for this round: one more turn of the loop makes another.
  setTimeout(() => undefined, 0);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) process.off('beforeExit', idle).off('exit', exit);
  };
}
