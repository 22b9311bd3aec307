import { createRequire } from 'node:module';

/** This package's version. Found by its own name: the sources and the bundle lie at different depths. */
export const VERSION: string = (
  createRequire(import.meta.url)('ours-ingest/package.json') as { readonly version: string }
).version;
