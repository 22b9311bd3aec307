import { haveArrived } from './arrival.js';
import type { Ledger } from './ledger.js';
import { createRandom } from './random.js';
import { drawVisitor, visit } from './visitors.js';
import type { OpenWorld } from './world.js';

/**
 * Somebody looks at the home page when everybody has left: no later request carries their view along. Resolves when every view
 * is counted, this one included, or after a while: the audit misses it then.
 */
export async function lastVisitorComes({ collector, shopUrl }: OpenWorld, ledger: Ledger): Promise<void> {
  await visit(shopUrl, { ...drawVisitor(createRandom(4)), reluctance: 1 }, ledger);
  await haveArrived(collector, 'page_viewed', ledger.seen.size);
}
