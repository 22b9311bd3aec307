// Bundles the code of docs/frameworks/react-router.md, and lets React Router's own server answer requests with it.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { createRequestHandler, type ServerBuild } from 'react-router';
import { afterAll, expect, it, onTestFinished, vi } from 'vitest';
import { createCollector } from '../../src/collector/index.js';

const page = readFileSync('docs/frameworks/react-router.md', 'utf8');
const [visitor, root] = [...page.matchAll(/^```tsx?\n(.*?)^```$/gms)].map(([, code]) => code!);

mkdirSync('artifacts', { recursive: true });
// Within the tree, so that React Router is found from there.
const folder = resolve(mkdtempSync('artifacts/react-router-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Routes = { [id: string]: NonNullable<ServerBuild['routes'][string]> };

async function loadRoot(): Promise<Routes[string]> {
  writeFileSync(join(folder, 'visitor.ts'), visitor!);
  writeFileSync(join(folder, 'root.tsx'), root!);
  const outfile = join(folder, 'root.mjs');
  await build({
    entryPoints: [join(folder, 'root.tsx')],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    jsx: 'automatic',
    external: ['react', 'react-router', 'undici'],
    alias: {
      'ours-ingest': resolve('src/index.ts'),
      'ours-ingest/request': resolve('src/adapters/request.ts'),
    },
  });
  return { id: 'root', path: '', module: await import(pathToFileURL(outfile).href) };
}

async function createServer(v8_passThroughRequests: boolean): Promise<(request: Request) => Promise<Response>> {
  const routes: Routes = { root: await loadRoot() };
  for (const path of ['pricing', 'about']) {
    routes[path] = { id: path, parentId: 'root', path, module: { default: () => null, loader: () => path } };
  }
  return createRequestHandler({
    routes,
    entry: { module: { default: () => new Response() } },
    assets: { routes: {}, entry: { module: '', imports: [] }, url: '', version: '' },
    future: { v8_middleware: true, v8_passThroughRequests },
    publicPath: '/',
    ssr: true,
    prerender: [],
    routeDiscovery: { mode: 'initial' },
  } as unknown as ServerBuild);
}

it('the page for React Router: a loader assigns for the page that a navigation without a new document leads to', async () => {
  const variants = [{ name: 'one_page' }, { name: 'one_page_2' }];
  const collector = await createCollector({
    experiments: [{ key: 'checkout_redesign', variants, primary: 'purchase', urls: ['/pricing'] }],
  });
  onTestFinished(() => collector.close());
  vi.stubEnv('OURS_TOKEN', 'test_shop');
  vi.stubEnv('OURS_EXPERIMENT_TOKEN', 'exp_shop');
  vi.stubEnv('OURS_BASE_URL', collector.baseUrl);
  vi.stubEnv('OURS_ASSIGN_TIMEOUT_MS', '30000');
  onTestFinished(() => void vi.unstubAllEnvs());
  for (const passesThrough of [false, true]) {
    const answer = await createServer(passesThrough);
    const ask = async (path: string, leaving: string): Promise<string> => {
      const headers = {
        cookie: 'ours_device_id=v',
        referer: `https://shop.example${leaving}`,
        'sec-fetch-dest': 'empty',
        'sec-fetch-site': 'same-origin',
      };
      return (await answer(new Request(`https://shop.example${path}`, { headers }))).text();
    };
    expect(await ask('/pricing.data', '/about')).toContain('one_page');
    expect(await ask('/about.data', '/pricing')).not.toContain('one_page');
  }
});
