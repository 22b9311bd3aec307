import { StoreError } from '../durable/store-error.js';

/**
 * The reply of every script: the server's time, a status, and a flat list of values.
 *
 *   done     it ran
 *   late     it arrived after its deadline and changed nothing
 *   broken   the outbox's keys are inconsistent: it changed nothing, and the repair script must run
 */
export interface Answer {
  /** The server's clock, in milliseconds since the epoch. */
  readonly serverMs: number;
  readonly status: 'done' | 'late' | 'broken';
  readonly values: readonly string[];
}

/**
 * Reads a reply. Clients may be configured to return strings as buffers, and numbers as strings or bigints, so every value is
 * read as a string.
 *
 * @throws {StoreError} if the reply has another form
 */
export function readAnswer(reply: unknown): Answer {
  const [time, status, values] = Array.isArray(reply) ? reply : [];
  const answer = { serverMs: Number(toText(time)), status: toText(status), values };
  const isStatus = answer.status === 'done' || answer.status === 'late' || answer.status === 'broken';
  if (!isStatus || !Number.isFinite(answer.serverMs) || !Array.isArray(values)) {
    throw new StoreError('the Redis client returns replies in a form that the outbox does not support.');
  }
  return { serverMs: answer.serverMs, status: answer.status as Answer['status'], values: values.map(toText) };
}

function toText(value: unknown): string {
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString();
  return value === null || value === undefined ? '' : String(value);
}
