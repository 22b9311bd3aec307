import { OursError } from '../../core/errors.js';
import { diagnose } from '../durable/errors/diagnose.js';
import { missingTables } from '../durable/errors/transient-errors.js';

/** What went wrong in the database, told to the one who is woken by it. Never holds an event's data. */
export class PostgresError extends OursError {
  /** Whether the same statement may succeed a moment later: the connection broke, the server restarts, others were in the way. */
  readonly isTransient: boolean;
  /** Whether the statement certainly changed nothing. */
  readonly storedNothing: boolean;

  /** @param engineCode the SQLSTATE, or what the system calls the failure of the connection */
  constructor(message: string, engineCode?: string, isTransient = false) {
    super('store_failed', message, { engineCode });
    this.isTransient = isTransient;
    this.storedNothing = engineCode !== undefined && CHANGED_NOTHING.test(engineCode);
  }
}

/**
 * The server's own refusals, which roll the statement back, and connections that were never made. Not among them: 08 (the
 * connection broke), 40003 (completion unknown) and 57P (the server ended the session, perhaps after the commit).
 */
const CHANGED_NOTHING =
  /^((?!08|40003|57P|EPIPE)[0-9A-Z]{5}|ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)$/;

export function isTransient(error: unknown): boolean {
  return error instanceof PostgresError && error.isTransient;
}

export { TO_MIGRATE } from '../durable/errors/transient-errors.js';

export function missingSchema(table: string): PostgresError {
  return new PostgresError(`${missingTables(table)}.`);
}

/** Says what a client's error means. The client's own error is not kept as the cause: it may quote the statement's values. */
export function explain(error: unknown, table: string): PostgresError {
  if (error instanceof PostgresError) return error;
  const { advice, code, isTransient } = diagnose(error, 'postgres', table);
  return new PostgresError(`${advice}${code === undefined ? '' : ` (${code})`}.`, code, isTransient);
}
