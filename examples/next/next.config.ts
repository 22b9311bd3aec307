import { fileURLToPath } from 'node:url';
import type { NextConfig } from 'next';

const config: NextConfig = {
  // Only because the package is run from its sources here, two folders above, where a file is imported by the name it will
  // have when it is compiled. In a project of your own none of this is needed, and Turbopack builds it as well.
  outputFileTracingRoot: fileURLToPath(new URL('../..', import.meta.url)),
  experimental: { externalDir: true, extensionAlias: { '.js': ['.ts', '.js'] } },
};

export default config;
