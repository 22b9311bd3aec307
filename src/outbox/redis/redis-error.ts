import { OursError } from '../../core/errors.js';
import { diagnose } from '../durable/errors/diagnose.js';

/** Redis did not do what the outbox asked of it. The message says what to do. */
export class RedisOutboxError extends OursError {
  /** Whether the same may succeed a moment later. */
  readonly isTransient: boolean;
  /** Whether it is certain that the command changed nothing and never will: no answer was lost, no command is under way. */
  storedNothing = false;

  constructor(message: string, isTransient: boolean, engineCode?: string) {
    super('store_failed', message, { engineCode });
    this.isTransient = isTransient;
  }
}

/**
 * The error as it may be shown. The client's own is not kept as its cause: it may carry the whole command, with every event
 * in it.
 *
 * @param name the outbox's
 */
export function toRedisOutboxError(error: unknown, name: string): RedisOutboxError {
  if (error instanceof RedisOutboxError) return error;
  const { advice, code, isTransient } = diagnose(error, 'redis', name);
  return new RedisOutboxError(`${advice}.`, isTransient, code);
}

export function isTransient(error: unknown): boolean {
  return error instanceof RedisOutboxError && error.isTransient;
}
