import { failOption } from '../../core/check-option.js';
import { OursError } from '../../core/errors.js';
import { isPool } from './listener.js';

const HOW_TO =
  "Otherwise the event would be stored even if the order is rolled back. Pass the transaction: a pg client after BEGIN, TypeORM's manager, or the result of fromPrisma(tx), fromDrizzle(tx, sql), fromKysely(trx, CompiledQuery) or fromKnex(trx).";

/** Members that distinguish a library's client for the whole database from its transaction. */
interface Clues {
  /** Prisma's client. */
  readonly $connect?: unknown;
  /** The client of a Drizzle database. */
  readonly $client?: unknown;
  /** `true` in a transaction of Knex and Kysely. */
  readonly isTransaction?: unknown;
}

/** Whether `tx` is certainly not a transaction. Only the database knows whether a connection has one open. */
function isWholeDatabase(tx: object): boolean {
  const { $connect, $client, isTransaction }: Clues = tx;
  const isKnex = typeof tx === 'function' && 'client' in tx;
  return (
    isPool(tx) ||
    typeof $connect === 'function' ||
    (typeof $client === 'object' && $client !== null && isPool($client)) ||
    isTransaction === false ||
    (isKnex && isTransaction !== true)
  );
}

/**
 * Rejects anything that is not a transaction.
 *
 * @param called the call, for the message
 * @throws {OursError} `invalid_option`
 */
export function assertTransaction(tx: unknown, called = 'within(tx)', method = 'query'): void {
  const isObject = (typeof tx === 'object' && tx !== null) || typeof tx === 'function';
  // Without this check the event would silently be appended outside the transaction.
  if (!isObject || typeof (tx as Record<string, unknown>)[method] !== 'function') {
    failOption(`${called} needs a transaction. ${HOW_TO}`);
  }
  if (isWholeDatabase(tx)) {
    failOption(`${called} needs a transaction, not the whole database. ${HOW_TO}`);
  }
}

/** The error of an append that ran outside any transaction. */
export const noTransaction = (): OursError =>
  new OursError(
    'invalid_option',
    `the event was not stored: within(tx) was given a connection without an open transaction. ${HOW_TO}`,
  );
