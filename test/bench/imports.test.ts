import { readdir } from 'node:fs/promises';
import { build } from 'esbuild';
import { expect, test } from 'vitest';

test('every module that a benchmark imports exists and exports what is taken from it', async () => {
  const files = await readdir('bench', { recursive: true });
  const entryPoints = files.filter((file) => file.endsWith('.mjs') && !file.startsWith('node_modules'));
  expect(entryPoints.length).toBeGreaterThan(30);
  // The build fails at what is missing; what it warns of would be undefined.
  const { warnings } = await build({
    entryPoints: entryPoints.map((file) => `bench/${file}`),
    bundle: true,
    write: false,
    outdir: 'out',
    platform: 'node',
    format: 'esm',
    packages: 'external',
    external: ['../dist/*', '../../dist/*'],
    logLevel: 'silent',
  });
  expect(warnings).toEqual([]);
});
