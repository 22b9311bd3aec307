import { defineConfig } from 'tsup';

const entry = { index: 'src/index.ts', collector: 'src/collector/index.ts', cli: 'src/cli/main.ts' };
const shared = { target: 'node20', sourcemap: false, treeshake: true, minify: false } as const;

export default defineConfig([
  {
    ...shared,
    entry,
    format: 'esm',
    dts: { entry: { index: entry.index, collector: entry.collector } },
    splitting: true,
    clean: true,
  },
  // p-retry is an ES module only: the CommonJS build carries it.
  {
    ...shared,
    entry: { index: entry.index, collector: entry.collector },
    format: 'cjs',
    noExternal: ['p-retry', 'is-network-error'],
    dts: { entry: { index: entry.index, collector: entry.collector } },
  },
]);
