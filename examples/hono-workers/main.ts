import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { buildPackage } from '../simulation/package.js';
import { demonstrate } from '../simulation/world.js';
import { serveWorker } from './workerd.js';

const PATIENCE_MS = 10_000;
const LOOK_MS = 50;

await buildPackage();
await demonstrate(
  ({ collector, paymentsUrl, webhookSecret, visitorKeys }) =>
    serveWorker({
      entry: fileURLToPath(new URL('worker.ts', import.meta.url)),
      env: {
        OURS_BASE_URL: collector.baseUrl,
        STRIPE_URL: paymentsUrl,
        STRIPE_WEBHOOK_SECRET: webhookSecret,
        VISITOR_KEY: String(visitorKeys[0]),
      },
    }),
  // The runtime is about to be stopped, whatever it was still to do after its answers. What never comes, the audit misses.
  async ({ collector }, { seen }) => {
    const isComplete = () => collector.events().filter(({ event }) => event === 'page_viewed').length >= seen.size;
    for (let waitedMs = 0; waitedMs < PATIENCE_MS && !isComplete(); waitedMs += LOOK_MS) await sleep(LOOK_MS);
    return [];
  },
);
