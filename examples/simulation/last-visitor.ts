import { setTimeout as sleep } from 'node:timers/promises';
import type { Ledger } from './ledger.js';
import { createRandom } from './random.js';
import { drawVisitor, visit } from './visitors.js';
import type { OpenWorld } from './world.js';

const PATIENCE_MS = 10_000;
const LOOK_MS = 50;

/**
 * One more visitor opens the home page after all others: no later request delivers this view. Resolves once all views are counted, or
 * after a timeout; the audit then reports it.
 */
export async function lastVisitorComes({ collector, shop }: OpenWorld, ledger: Ledger): Promise<void> {
  await visit(shop.url, { ...drawVisitor(createRandom(4)), reluctance: 1 }, ledger);
  const areThere = () => collector.events().filter(({ event }) => event === 'page_viewed').length >= ledger.seen.size;
  for (let waitedMs = 0; waitedMs < PATIENCE_MS && !areThere(); waitedMs += LOOK_MS) await sleep(LOOK_MS);
}
