import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { createPostgresOutbox } from 'ours-ingest/outbox/postgres';
import { createOurs } from '../shop/ours.js';
import { conclude } from '../simulation/conclude.js';
import { letCrowdCome } from '../simulation/crowd.js';
import { listen } from '../simulation/listen.js';
import { openCollector } from '../simulation/service.js';
import { openDatabase } from './database.js';
import { createWeb } from './web.js';

const LOOK_MS = 100;

const { url, pool, drop } = await openDatabase(process.env.POSTGRES_URL).catch((error: unknown) => {
  console.error((error as Error).message);
  process.exit(1);
});

// The web process.
const collector = await openCollector();
const outbox = createPostgresOutbox({ client: pool });
await outbox.ensureSchema();
const ours = createOurs(collector.baseUrl, { outbox, relay: false });
const web = await listen(createWeb({ ours, pool }));

// The relay; elsewhere: `npx ours-ingest relay`. The URL has a password, so it is passed in the environment.
const relay = spawn(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', 'relay'], {
  env: {
    PATH: process.env.PATH,
    OURS_OUTBOX_POSTGRES: url,
    OURS_TOKEN: 'test_shop',
    OURS_BASE_URL: collector.baseUrl,
  },
  stdio: 'inherit',
});
const relayExit = once(relay, 'exit');

try {
  const ledger = await letCrowdCome(web.url);

  // One more visitor, when the plan is sold out: the order is rolled back, with its event.
  await pool.query('UPDATE stock SET remaining = 0');
  const late = await fetch(`${web.url}/checkout`, {
    method: 'POST',
    headers: { cookie: `ours_device_id=${randomUUID()}` },
    body: new URLSearchParams({ currency: 'eur' }),
  });
  const problems = late.status === 409 ? [] : [`an order of a sold-out plan was answered ${late.status}`];

  await ours.close();
  for (let left = 1; left > 0; ) {
    await sleep(LOOK_MS);
    const { waiting, claimed } = await outbox.stats();
    left = waiting + claimed;
    if (relay.exitCode !== null) throw new Error(`The relay has exited, and ${left} events are still in the outbox.`);
  }
  conclude(collector, ledger, problems);
} finally {
  relay.kill('SIGTERM');
  await relayExit;
  await web.close();
  await drop();
  await collector.close();
}
