import { diagnose } from '../durable/errors/diagnose.js';
import { StoreError } from '../durable/store-error.js';

/**
 * Explains what a client threw. The client's error is not kept as the cause, because it may contain the command with every
 * event in it.
 *
 * @param name the outbox's name
 */
export function explain(error: unknown, name: string): StoreError {
  if (error instanceof StoreError) return error;
  const { advice, code: engineCode, isTransient } = diagnose(error, 'redis', name);
  return new StoreError(`${advice}.`, { isTransient, engineCode });
}
