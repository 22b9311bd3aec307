/** The handlers of a client for the end of its process. */
export interface EndListener {
  /** The event loop is empty. New timers and requests keep the process alive. */
  onIdle(): void;
  /** The process exits now. Asynchronous work no longer runs. */
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
 * Listens for the end of the process on Node, Bun and Deno, before listeners that are already there; the returned function stops
 * listening. All clients share two listeners of `process`, because Node warns of the eleventh.
 */
export function onProcessEnd(listener: EndListener): () => void {
  listeners.add(listener);
  if (listeners.size === 1) process.prependListener('beforeExit', idle).on('exit', exit);
  // A listener that is added during "beforeExit" is not called. One more turn of the event loop emits it again.
  setTimeout(() => undefined, 0);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) process.off('beforeExit', idle).off('exit', exit);
  };
}
