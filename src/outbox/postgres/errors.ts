import { diagnose } from '../durable/errors/diagnose.js';
import { missingTables } from '../durable/errors/transient-errors.js';
import { StoreError } from '../durable/store-error.js';

/**
 * Errors that are certain to have stored nothing: the server's own refusals, which roll the statement back, and connections that
 * were never established. Not among them: 08 (the connection broke), 40003 (completion unknown) and 57P (the server ended the
 * session, perhaps after the commit).
 */
const CHANGED_NOTHING =
  /^((?!08|40003|57P|EPIPE)[0-9A-Z]{5}|ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)$/;

/** @param engineCode the SQLSTATE, or the system's name for a failed connection */
export function postgresError(message: string, engineCode?: string, isTransient = false): StoreError {
  const storedNothing = engineCode !== undefined && CHANGED_NOTHING.test(engineCode);
  return new StoreError(message, { isTransient, storedNothing, engineCode });
}

export { TO_MIGRATE } from '../durable/errors/transient-errors.js';

export function missingSchema(table: string): StoreError {
  return postgresError(`${missingTables(table)}.`);
}

/** Explains what a client threw. The client's error is not kept as the cause, because it may quote the statement's values. */
export function explain(error: unknown, table: string): StoreError {
  if (error instanceof StoreError) return error;
  const { advice, code, isTransient } = diagnose(error, 'postgres', table);
  return postgresError(`${advice}${code === undefined ? '' : ` (${code})`}.`, code, isTransient);
}
