import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { lastVisitorComes } from '../simulation/last-visitor.js';
import type { Listening } from '../simulation/listen.js';
import { buildPackage } from '../simulation/package.js';
import { demonstrate, type World } from '../simulation/world.js';

const NEXT = fileURLToPath(import.meta.resolve('next/dist/bin/next'));
const here = fileURLToPath(new URL('.', import.meta.url));

await buildPackage();
await demonstrate(openShop, async (world, ledger) => {
  await lastVisitorComes(world, ledger);

  // The service fails for a moment, and Next.js is stopped right after its response: `after()` keeps it alive.
  const { collector, shop } = world;
  collector.faults.next({ kind: 'status', status: 503 });
  const cookie = 'ours_device_id=0b7e6c1a-5a52-4f0e-9d7c-3f6f7b1f2a10';
  await fetch(`${shop.url}/callback`, { method: 'POST', headers: { cookie } });
  await shop.close();
  const isThere = collector.events().some(({ event }) => event === 'lead');
  return isThere ? [] : ['Next.js was stopped after the response of the route handler, and its event was lost'];
});

async function openShop({ collector, paymentsUrl, webhookSecret, visitorKeys }: World): Promise<Listening> {
  const env = {
    PATH: process.env.PATH,
    NODE_ENV: 'production' as const,
    NEXT_TELEMETRY_DISABLED: '1',
    OURS_BASE_URL: collector.baseUrl,
    STRIPE_URL: paymentsUrl,
    STRIPE_WEBHOOK_SECRET: webhookSecret,
    VISITOR_KEY: String(visitorKeys[0]),
  };
  const next = (...args: string[]) =>
    spawn(process.execPath, [NEXT, ...args], { cwd: here, env, stdio: ['ignore', 'pipe', 'inherit'] });

  console.log('Building the shop with Next.js …');
  const build = next('build');
  build.stdout.pipe(process.stdout);
  const [code] = await once(build, 'exit');
  if (code !== 0) throw new Error(`next build exited with ${code}.`);

  const port = await freePort();
  const server = next('start', '--hostname', '127.0.0.1', '--port', String(port));
  const ended = once(server, 'exit');
  // It must not outlive this process.
  process.once('exit', () => server.kill());
  for await (const line of createInterface(server.stdout)) if (line.includes('Ready')) break;
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      server.kill('SIGTERM');
      await ended;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
