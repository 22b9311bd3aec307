import { fileURLToPath } from 'node:url';
import { lastVisitorComes } from '../simulation/last-visitor.js';
import { buildPackage } from '../simulation/package.js';
import { demonstrate } from '../simulation/world.js';
import { serveWorker } from './workerd.js';

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
  // Work that is not passed to `waitUntil` ends with the response.
  async (world, ledger) => {
    await lastVisitorComes(world, ledger);
    return [];
  },
);
