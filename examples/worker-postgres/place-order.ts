import { randomUUID } from 'node:crypto';
import type { Visitor } from 'ours-ingest';
import { fromMinorUnits } from 'ours-ingest/webhooks';
import type { Pool } from 'pg';
import type { Ours, ShopEvents } from '../shop/ours.js';
import { type Currency, PRICES } from '../shop/prices.js';
import { CHECK_VIOLATION } from './database.js';

/**
 * Places an order and its event in one transaction: both are committed, or neither. Resolves to the order's id, or to `undefined` if
 * the plan is sold out.
 */
export async function placeOrder(
  pool: Pool,
  ours: Ours,
  { userId, sessionId }: Visitor<ShopEvents>,
  currency: Currency,
): Promise<string | undefined> {
  const id = randomUUID();
  const amount = PRICES[currency];
  const tx = await pool.connect();
  try {
    await tx.query('BEGIN');
    await tx.query('INSERT INTO orders (id, amount, currency) VALUES ($1, $2, $3)', [id, amount, currency]);
    await ours.within(tx).track({
      event: 'purchase',
      userId,
      sessionId,
      eventProperties: {
        order_id: id,
        value: fromMinorUnits(amount, currency),
        currency: currency.toUpperCase(),
      },
      distinctId: `purchase:${id}`,
    });
    // Last, because it locks the row for other orders. If it fails, order and event are rolled back.
    await tx.query('UPDATE stock SET remaining = remaining - 1');
    await tx.query('COMMIT');
    return id;
  } catch (error) {
    await tx.query('ROLLBACK');
    if ((error as { code?: unknown }).code === CHECK_VIOLATION) return undefined;
    throw error;
  } finally {
    tx.release();
  }
}
