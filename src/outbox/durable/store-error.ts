import { OursError } from '../../core/errors.js';
import type { AppendFailure } from '../outbox.js';

export interface StoreErrorOptions {
  /** Whether the same call may succeed a moment later. @default false */
  readonly isTransient?: boolean | undefined;
  /** Whether it is certain that nothing was stored and nothing will be. @default false */
  readonly storedNothing?: boolean | undefined;
  readonly engineCode?: string | undefined;
  readonly cause?: unknown;
}

/** The file, database or server of a store failed. The message says what to do and never contains an event's data. */
export class StoreError extends OursError implements AppendFailure {
  readonly isTransient: boolean;
  readonly storedNothing: boolean;

  constructor(message: string, options: StoreErrorOptions = {}) {
    const { isTransient = false, storedNothing = false } = options;
    super('store_failed', message, options);
    this.isTransient = isTransient;
    this.storedNothing = storedNothing;
  }
}

/** The call was given up before anything was sent to the store, so the error says nothing about the store's state. */
export class NotAttemptedError extends StoreError {
  constructor(message: string, cause?: unknown) {
    super(message, { isTransient: true, storedNothing: true, cause });
  }
}

/** Whether the call that failed may succeed a moment later. */
export function isTransient(error: unknown): boolean {
  return error instanceof StoreError && error.isTransient;
}
