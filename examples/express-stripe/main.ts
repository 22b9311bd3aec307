import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createCollector } from 'ours-ingest/collector';
import { createOurs } from '../shop/ours.js';
import { audit } from '../simulation/audit.js';
import { allIsWell } from '../simulation/conclude.js';
import { createLedger } from '../simulation/ledger.js';
import { listen } from '../simulation/listen.js';
import { startPayments } from '../simulation/payments.js';
import { createRandom } from '../simulation/random.js';
import { createStripe } from '../simulation/stripe.js';
import { summarise } from '../simulation/summary.js';
import { drawVisitor, visit } from '../simulation/visitors.js';
import { createWebhooks } from '../simulation/webhooks.js';
import { createShop } from './shop.js';

const VISITORS = 240;
const ARRIVAL_MS = 8;
const WEBHOOK_SECRET = 'whsec_test_shop';

// Local fakes: the collector for the Ours service, `payments` for Stripe.
const collector = await createCollector({
  allowedEvents: ['page_viewed', 'purchase'],
  experiments: [
    { key: 'checkout_redesign', variants: [{ name: 'classic' }, { name: 'one_page' }], primary: 'purchase' },
  ],
});
const webhooks = createWebhooks(() => `${shop.url}/webhooks/stripe`, WEBHOOK_SECRET);
const payments = await startPayments(webhooks.notify);

// The shop, with a real Ours client and a real Stripe client.
const ours = createOurs(collector.baseUrl);
const stripe = createStripe(payments.url);
const shop = await listen(
  createShop({
    ours,
    stripe,
    webhookSecret: WEBHOOK_SECRET,
    // In production, load them from the environment and keep them as long as payments may return.
    visitorKeys: [randomBytes(32)],
    oursUrl: collector.url,
    collectorUrl: collector.url,
  }),
);

// Simulated visitors.
console.log(`Simulating ${VISITORS} visitors of the shop at ${shop.url} …\n`);
const random = createRandom(3);
const ledger = createLedger();
await Promise.all(
  Array.from({ length: VISITORS }, async (_, place) => {
    const visitor = drawVisitor(random);
    await sleep(place * ARRIVAL_MS);
    await visit(shop.url, visitor, ledger);
  }),
);
const tampered = await webhooks.tamper();
await webhooks.settled();
const { pending, rejected, dropped } = await ours.flush();

const report = collector.report();
console.log(summarise({ report, ledger, duplicates: collector.duplicates, webhooks: webhooks.delivered, tampered }));
const problems = audit(report, ledger);
const lost = pending + rejected + dropped;
if (lost > 0) problems.push(`${lost} events were not delivered`);
if (tampered !== 400) problems.push(`a tampered webhook was answered ${tampered} instead of 400`);
if (problems.length === 0) {
  console.log(`\n${allIsWell(report, ledger)}`);
} else {
  process.exitCode = 1;
  const more = problems.length > 10 ? [`… and ${problems.length - 10} more`] : [];
  console.error(['', ...problems.slice(0, 10).map((problem) => `WRONG: ${problem}.`), ...more].join('\n'));
}

if (!process.argv.includes('--once')) await stayOpen();
await shop.close();
await payments.close();
await ours.close();
await collector.close();

/** Simulates a visitor from time to time, until Ctrl-C. */
async function stayOpen(): Promise<void> {
  const closing = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => closing.abort());
  console.log(`
All events, and why they counted or not: ${collector.url}
The experiment and its results:          ${collector.url}/experiments/checkout_redesign
The shop, to visit it yourself:          ${shop.url}
Press Ctrl-C to stop.
`);
  while (!closing.signal.aborted) {
    // Same probabilities as before, so that the result stays the same.
    const visitor = drawVisitor(random);
    const before = ledger.bought.length;
    await visit(shop.url, visitor, ledger);
    // First the webhook of a purchase, then its event.
    await webhooks.settled();
    await ours.flush();
    const numbers = collector
      .report()
      .experiments.flatMap(({ variants }) => variants)
      .map(({ name, conversions, impressions }) => `${name} ${conversions} of ${impressions}`);
    const did = ledger.bought.length > before ? 'paid' : 'left';
    console.log(`A visitor saw ${ledger.seen.get(visitor.id)} and ${did}. Conversions: ${numbers.join(', ')}`);
    await sleep(1_000, undefined, { signal: closing.signal }).catch(() => undefined);
  }
  await webhooks.settled();
}
