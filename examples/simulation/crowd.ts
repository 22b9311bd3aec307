import { setTimeout as sleep } from 'node:timers/promises';
import { createLedger, type Ledger } from './ledger.js';
import { createRandom } from './random.js';
import { drawVisitor, visit } from './visitors.js';

const VISITORS = 40;
const ARRIVAL_MS = 8;

/** Simulates the same visitors in every run; resolves to what they saw and bought. */
export async function letCrowdCome(shopUrl: string): Promise<Ledger> {
  console.log(`Simulating ${VISITORS} visitors of the shop at ${shopUrl} …`);
  const random = createRandom(3);
  const ledger = createLedger();
  await Promise.all(
    Array.from({ length: VISITORS }, async (_, place) => {
      const visitor = drawVisitor(random);
      await sleep(place * ARRIVAL_MS);
      await visit(shopUrl, visitor, ledger);
    }),
  );
  return ledger;
}
