import { OursPrivacyError } from './errors.js';

/**
 * The promise that every call returns. It starts to wait when someone waits for it: a call without `await` cannot end the
 * process with an unhandled rejection. The event was tracked at the call, whether or not anyone waits.
 */
export class APIPromise<T> extends Promise<T> {
  readonly #wait: () => Promise<T>;
  #waiting: Promise<T> | undefined;

  constructor(wait: () => Promise<T>) {
    // The promise itself is never used: `then`, `catch` and `finally` are those of the answer.
    super((resolve) => resolve(undefined as T));
    this.#wait = wait;
  }

  /** A call that failed before it began. */
  static failed<T>(error: unknown): APIPromise<T> {
    return new APIPromise<T>(() => Promise.reject(error));
  }

  #answer(): Promise<T> {
    this.#waiting ??= this.#wait();
    return this.#waiting;
  }

  // biome-ignore lint/suspicious/noThenProperty: it is a promise
  override then<Fulfilled = T, Rejected = never>(
    onFulfilled?: ((value: T) => Fulfilled | PromiseLike<Fulfilled>) | null,
    // biome-ignore lint/suspicious/noExplicitAny: the type of Promise
    onRejected?: ((reason: any) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<Fulfilled | Rejected> {
    return this.#answer().then(onFulfilled, onRejected);
  }

  override catch<Rejected = never>(
    // biome-ignore lint/suspicious/noExplicitAny: the type of Promise
    onRejected?: ((reason: any) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<T | Rejected> {
    return this.#answer().catch(onRejected);
  }

  override finally(onFinally?: (() => void) | null): Promise<T> {
    return this.#answer().finally(onFinally);
  }

  /** @deprecated Always rejects: events travel in batches, so no response belongs to one call. */
  asResponse(): Promise<never> {
    return noResponse('asResponse');
  }

  /** @deprecated Always rejects: events travel in batches, so no response belongs to one call. */
  withResponse(): Promise<never> {
    return noResponse('withResponse');
  }
}

function noResponse(method: string): Promise<never> {
  return Promise.reject(
    new OursPrivacyError(
      `${method}() has no counterpart: events travel in batches, so no HTTP response belongs to one call. Await the call itself, and read the status of a failed one from its error.`,
    ),
  );
}
