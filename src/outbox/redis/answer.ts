import { RedisOutboxError } from './redis-error.js';

/**
 * What every script answers: the server's time, how the script ended, and a flat list of values.
 *
 *   done     it ran
 *   late     it arrived after its deadline and changed nothing
 *   broken   the outbox's keys contradict each other: it changed nothing and waits for the repair script
 */
export interface Answer {
  /** Milliseconds since the epoch, by the server's clock. */
  readonly serverMs: number;
  readonly status: 'done' | 'late' | 'broken';
  readonly values: readonly string[];
}

/**
 * Reads an answer. Clients may be set to return strings as buffers and numbers as strings or bigints, so every value is
 * read as a string whatever its type.
 *
 * @throws {RedisOutboxError} for a reply that is not an answer
 */
export function readAnswer(reply: unknown): Answer {
  const [time, status, values] = Array.isArray(reply) ? reply : [];
  const answer = { serverMs: Number(toText(time)), status: toText(status), values };
  const isStatus = answer.status === 'done' || answer.status === 'late' || answer.status === 'broken';
  if (!isStatus || !Number.isFinite(answer.serverMs) || !Array.isArray(values)) {
    throw new RedisOutboxError('the Redis client returns replies in a form that the outbox does not know.', false);
  }
  return { serverMs: answer.serverMs, status: answer.status as Answer['status'], values: values.map(toText) };
}

function toText(value: unknown): string {
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString();
  return value === null || value === undefined ? '' : String(value);
}
