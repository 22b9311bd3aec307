import { cp } from 'node:fs/promises';
import type { BuildOptions } from 'esbuild';
import { defineConfig } from 'tsup';
import { bundleUndici, toBundledUndici } from './build/undici.js';
import { bundleVendored, toVendored } from './build/vendored.js';

// One entry a subpath of package.json's exports.
const subpaths = {
  index: 'src/index.ts',
  collector: 'src/collector/index.ts',
  'outbox/sqlite': 'src/outbox/sqlite/index.ts',
  'outbox/redis': 'src/outbox/redis/index.ts',
  'outbox/postgres': 'src/outbox/postgres/index.ts',
  'exposures/sqlite': 'src/exposures/sqlite.ts',
  'exposures/redis': 'src/exposures/redis.ts',
  'exposures/postgres': 'src/exposures/postgres.ts',
  commerce: 'src/commerce/index.ts',
  compat: 'src/compat/index.ts',
  stripe: 'src/webhooks/stripe/index.ts',
  webhooks: 'src/webhooks/index.ts',
  express: 'src/adapters/express.ts',
  fastify: 'src/adapters/fastify.ts',
  hono: 'src/adapters/hono.ts',
  koa: 'src/adapters/koa.ts',
  nestjs: 'src/adapters/nestjs.ts',
  next: 'src/adapters/next.ts',
  lambda: 'src/adapters/lambda.ts',
  azure: 'src/adapters/azure.ts',
  'google-cloud': 'src/adapters/google-cloud.ts',
  request: 'src/adapters/request.ts',
  openfeature: 'src/adapters/openfeature.ts',
  flags: 'src/adapters/flags.ts',
  testing: 'src/testing/index.ts',
  privacy: 'src/privacy/index.ts',
  otel: 'src/telemetry/otel/index.ts',
};
function withoutSourcesContent(options: BuildOptions): void {
  options.sourcesContent = false;
}

const shared = {
  target: 'node20',
  // `Symbol.asyncDispose` is in no library that users name before ESNext; what only a source file references is lost on the way.
  dts: { entry: subpaths, banner: '/// <reference lib="esnext.disposable" />' },
  // Maps point to the sources, which are in the package.
  sourcemap: true,
  esbuildOptions: withoutSourcesContent,
  // Deno and Workers know Node's modules by this prefix only.
  removeNodeProtocol: false,
  // An entry that needs the client imports the package by its name, which leads each runtime to its own build.
  external: ['ours-ingest'] as string[],
} as const;

/** What the collector's page is given beside its markup; uPlot goes along with its licence, the package is not installed. */
async function copyAssets(): Promise<void> {
  await cp('src/collector/page/assets', 'dist/assets', { recursive: true });
  const uplot = 'node_modules/uplot';
  await cp(`${uplot}/dist/uPlot.iife.min.js`, 'dist/assets/uPlot.iife.min.js');
  await cp(`${uplot}/dist/uPlot.min.css`, 'dist/assets/uPlot.min.css');
  await cp(`${uplot}/LICENSE`, 'dist/assets/uPlot.LICENSE');
}

const { index, ...others } = subpaths;

export default defineConfig([
  {
    // Built alone, so that nothing else cuts it into pieces: Node takes half a millisecond to import a file.
    entry: { index },
    format: 'esm',
    ...shared,
    dts: false,
    noExternal: ['undici'],
    esbuildPlugins: [toBundledUndici('js')],
  },
  {
    entry: { ...others, edge: 'src/edge.ts', cli: 'src/cli/main.ts' },
    format: 'esm',
    ...shared,
    noExternal: ['undici'],
    esbuildPlugins: [toVendored, toBundledUndici('js')],
    async onSuccess() {
      await Promise.all([copyAssets(), bundleVendored(shared.target), bundleUndici(shared.target, 'dist/vendor')]);
    },
  },
  {
    entry: subpaths,
    format: 'cjs',
    ...shared,
    // p-retry is an ES module only: the CommonJS build carries it.
    noExternal: ['p-retry', 'is-network-error', 'undici'],
    esbuildPlugins: [toBundledUndici('cjs')],
    // Jest and v8-compile-cache compile CommonJS so that it cannot call import().
    esbuildOptions(options) {
      withoutSourcesContent(options);
      options.supported = { ...options.supported, 'dynamic-import': false };
    },
    // The page finds its assets beside the code by import.meta.url, which CommonJS does not have.
    shims: true,
  },
]);
