import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { haveArrived } from '../simulation/arrival.js';
import { lastVisitorComes } from '../simulation/last-visitor.js';
import type { Listening } from '../simulation/listen.js';
import { buildPackage } from '../simulation/package.js';
import { demonstrate, type OpenWorld, type World } from '../simulation/world.js';

const NEXT = fileURLToPath(import.meta.resolve('next/dist/bin/next'));
const here = fileURLToPath(new URL('.', import.meta.url));

await buildPackage();
await demonstrate(openShop, async (world, ledger) => {
  await lastVisitorComes(world, ledger);
  return (await isCalledBack(world)) ? [] : ['the route handler has answered, and its event was never sent'];
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

  console.log('Next.js builds the shop …');
  const build = next('build');
  build.stdout.pipe(process.stdout);
  const [code] = await once(build, 'exit');
  if (code !== 0) throw new Error(`next build has ended with ${code}.`);

  const port = await freePort();
  const server = next('start', '--hostname', '127.0.0.1', '--port', String(port));
  // Whatever goes wrong, it does not outlive this process.
  process.once('exit', () => server.kill());
  for await (const line of createInterface(server.stdout)) if (line.includes('Ready')) break;
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      server.kill('SIGTERM');
      await once(server, 'exit');
    },
  };
}

/** Nobody comes after this one either. */
async function isCalledBack({ shopUrl, collector }: OpenWorld): Promise<boolean> {
  const cookie = 'ours_device_id=0b7e6c1a-5a52-4f0e-9d7c-3f6f7b1f2a10';
  await fetch(`${shopUrl}/callback`, { method: 'POST', headers: { cookie } });
  return haveArrived(collector, 'lead', 1);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
