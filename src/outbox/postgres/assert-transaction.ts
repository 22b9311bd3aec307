import { OursError } from '../../core/errors.js';
import { isPool } from './listener.js';

const HOW_TO =
  "Otherwise the event is stored even if the order is rolled back. Pass the transaction: a client of pg after BEGIN, TypeORM's manager, or what fromPrisma(tx), fromDrizzle(tx, sql), fromKysely(trx, CompiledQuery) or fromKnex(trx) return.";

/** What a library's client for the whole database has and its transaction does not have. */
interface Clues {
  /** Prisma's client. */
  readonly $connect?: unknown;
  /** What a Drizzle database runs on. */
  readonly $client?: unknown;
  /** `true` in a transaction of Knex and Kysely. */
  readonly isTransaction?: unknown;
}

/** Whether `tx` is certainly not a transaction. Whether a connection has one open, only the database knows. */
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
 * Refuses what is not a transaction.
 *
 * @param called how the caller wrote it
 * @throws {OursError} `invalid_option`
 */
export function assertTransaction(tx: unknown, called = 'within(tx)', method = 'query'): void {
  const isObject = (typeof tx === 'object' && tx !== null) || typeof tx === 'function';
  // Without a method to call, the event would be appended outside the transaction and nothing would say so.
  if (!isObject || typeof (tx as Record<string, unknown>)[method] !== 'function') {
    throw new OursError('invalid_option', `${called} needs a transaction. ${HOW_TO}`);
  }
  if (isWholeDatabase(tx)) {
    throw new OursError('invalid_option', `${called} needs a transaction, not the whole database. ${HOW_TO}`);
  }
}

/** The error of an append that the database found outside any transaction. */
export const noTransaction = (): OursError =>
  new OursError(
    'invalid_option',
    `the event was not stored: within(tx) was given a connection without an open transaction. ${HOW_TO}`,
  );
