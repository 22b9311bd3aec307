import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleUndici } from '../../build/undici.js';
import type { Undici } from '../../src/transport/undici-engine.js';

/** undici as the build bundles it into the package. */
export async function bundledUndici(): Promise<Undici & { readonly version: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'ours-ingest-undici-'));
  try {
    await bundleUndici('node20', folder);
    return createRequire(import.meta.url)(join(folder, 'undici.cjs'));
  } finally {
    await rm(folder, { recursive: true });
  }
}
