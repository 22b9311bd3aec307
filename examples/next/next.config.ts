import type { NextConfig } from 'next';

const config: NextConfig = {
  // The example is type-checked with the package's sources (`npm run check:source`): what it is built with here has no types.
  typescript: { ignoreBuildErrors: true },
  // Only because the shop beside it is written for Node, where a file is imported by the name it will have when it is compiled.
  turbopack: { resolveAlias: { './prices.js': '../shop/prices.ts' } },
};

export default config;
