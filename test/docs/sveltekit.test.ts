// Builds an application of SvelteKit from the code of docs/frameworks/sveltekit.md, and asks its server.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { Server, SSRManifest } from '@sveltejs/kit';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type Collector, createCollector } from '../../src/collector/index.js';
import { until } from '../support/client.js';

const page = readFileSync('docs/frameworks/sveltekit.md', 'utf8');
const [hooks, load] = [...page.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code!);

mkdirSync('artifacts', { recursive: true });
// Within the tree, so that SvelteKit is found from there.
const folder = resolve(mkdtempSync('artifacts/sveltekit-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const files = {
  'package.json': '{ "type": "module", "private": true }',
  'svelte.config.js': 'export default {};',
  'vite.config.js': `
    import { sveltekit } from '@sveltejs/kit/vite';
    const alias = {
      'ours-ingest/request': ${JSON.stringify(resolve('src/adapters/request.ts'))},
      'ours-ingest': ${JSON.stringify(resolve('src/index.ts'))},
    };
    export default { plugins: [sveltekit()], resolve: { alias }, logLevel: 'error' };`,
  'src/app.html': '<html><head>%sveltekit.head%</head><body>%sveltekit.body%</body></html>',
  'src/hooks.server.ts': hooks!,
  'src/routes/+page.server.ts': load!,
  'src/routes/+page.svelte': '<script>let { data } = $props();</script><p>You see {data.variantName}.</p>',
  'src/routes/plans/+page.server.ts': `
    export const load = ({ locals }) => void locals.visitor.track('plans_viewed');`,
  'src/routes/plans/+page.svelte': '<p>Plans</p>',
  'src/routes/buy/+server.ts': `
    import { currentVisitor } from 'ours-ingest/request';
    export const POST = async ({ locals, request }) => {
      await request.text();
      locals.visitor.track('purchase', {}, { distinctId: 'purchase:' + locals.visitor.userId });
      return Response.json([locals.visitor.userId, currentVisitor()?.userId]);
    };`,
};

async function buildServer(): Promise<Server> {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const vite = resolve('node_modules/vite/bin/vite.js');
  await promisify(execFile)(process.execPath, [vite, 'build'], { cwd: folder });
  const load = (name: string) => import(pathToFileURL(join(folder, '.svelte-kit/output/server', name)).href);
  const { Server } = (await load('index.js')) as { Server: new (manifest: SSRManifest) => Server };
  const { manifest } = (await load('manifest.js')) as { manifest: SSRManifest };
  const server = new Server(manifest);
  await server.init({ env: {} });
  return server;
}

let collector: Collector;
let server: Server;
const promises: Promise<unknown>[] = [];

beforeAll(async () => {
  collector = await createCollector({
    experiments: [
      {
        key: 'checkout_redesign',
        variants: [{ name: 'one_page' }, { name: 'one_page_2' }],
        primary: 'purchase',
        urls: ['/'],
      },
    ],
  });
  vi.stubEnv('OURS_TOKEN', 'test_shop');
  vi.stubEnv('OURS_EXPERIMENT_TOKEN', 'exp_shop');
  vi.stubEnv('OURS_BASE_URL', collector.baseUrl);
  vi.stubEnv('OURS_ASSIGN_TIMEOUT_MS', '30000');
  server = await buildServer();
});
afterAll(() => {
  vi.unstubAllEnvs();
  return collector.close();
});

async function ask(path: string, method: string, userId: string, more: Record<string, string> = {}): Promise<string> {
  const around = {
    getClientAddress: () => '203.0.113.7',
    platform: { ctx: { waitUntil: (promise: Promise<unknown>) => void promises.push(promise) } },
  } as never;
  const headers = {
    cookie: `ours_device_id=${userId}`,
    'user-agent': 'browser',
    origin: 'https://shop.example',
    ...more,
  };
  return (await server.respond(new Request(`https://shop.example${path}`, { method, headers }), around)).text();
}

it('the page for SvelteKit: every request has its visitor, in load functions and endpoints', async () => {
  expect(await ask('/', 'GET', 'v')).toMatch(/You see one_page(_2)?\./);
  const ids = ['anna', 'ben', 'carla'];
  expect(await Promise.all(ids.map((id) => ask('/buy', 'POST', id)))).toEqual(
    ids.map((id) => JSON.stringify([id, id])),
  );
  await Promise.all(promises);
  const bought = () => collector.events().filter(({ event }) => event === 'purchase');
  await until(() => bought().length === 3);
  expect(
    bought()
      .map(({ userId }) => userId)
      .toSorted(),
  ).toEqual(ids);
  expect(bought()).toMatchObject(ids.map(() => ({ identityContext: { ip: '203.0.113.7', userAgent: 'browser' } })));
});

it('the page for SvelteKit: a navigation without a new document names the page it leads to, not the one it leaves', async () => {
  const leaving = (path: string) => ({
    referer: `https://shop.example${path}`,
    'sec-fetch-dest': 'empty',
    'sec-fetch-site': 'same-origin',
  });
  expect(await ask('/__data.json', 'GET', 'w', leaving('/plans'))).toMatch(/one_page/);
  await ask('/plans/__data.json', 'GET', 'w', leaving('/'));
  await Promise.all(promises);
  const viewed = () => collector.events().filter(({ event }) => event === 'plans_viewed');
  await until(() => viewed().length === 1);
  expect(viewed()).toMatchObject([
    { defaultProperties: { current_url: 'https://shop.example/plans', referrer: 'https://shop.example/' } },
  ]);
});
