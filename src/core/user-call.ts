/** Whether a value is a promise, of this realm or another, or anything else with a `then` method. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { readonly then?: unknown } | null | undefined)?.then === 'function';
}

/** Handles a promise's rejection, which would otherwise end the process. `onRejected` must not throw. */
export function ignoreRejection(promise: PromiseLike<unknown>, onRejected: () => void = () => undefined): void {
  try {
    promise.then(undefined, onRejected);
  } catch {
    onRejected();
  }
}

/**
 * Calls a function of the user and ignores its result. TypeScript accepts an asynchronous function for a synchronous one, so
 * `onFailure` is called when it throws and when its promise rejects. Never throws, as long as `onFailure` does not.
 */
export function callUser(call: () => unknown, onFailure: () => void = () => undefined): void {
  try {
    const returned = call();
    if (isPromise(returned)) ignoreRejection(returned, onFailure);
  } catch {
    onFailure();
  }
}
