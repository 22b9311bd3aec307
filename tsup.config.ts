import { defineConfig } from 'tsup';

// One entry a subpath of package.json's exports.
const subpaths = { index: 'src/index.ts', collector: 'src/collector/index.ts' };
const target = 'node20';

export default defineConfig([
  { entry: { ...subpaths, cli: 'src/cli/main.ts' }, format: 'esm', target, dts: { entry: subpaths } },
  // p-retry is an ES module only: the CommonJS build carries it.
  {
    entry: subpaths,
    format: 'cjs',
    target,
    dts: { entry: subpaths },
    noExternal: ['p-retry', 'is-network-error'],
  },
]);
