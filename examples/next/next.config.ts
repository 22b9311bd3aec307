import type { NextConfig } from 'next';

const config: NextConfig = {
  // `npm run check:source` type-checks the example with the package's sources; the build used here has no types.
  typescript: { ignoreBuildErrors: true },
  // Only needed because the shared shop code is written for Node, with imports of compiled file names.
  turbopack: { resolveAlias: { './prices.js': '../shop/prices.ts' } },
};

export default config;
