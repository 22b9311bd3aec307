// Bundles the core as a Worker's bundler does, and holds what comes along against what may: no undici, no built-in, few bytes.
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** What it has and a little more, so that growth is noticed: docs/decisions/008-size-of-the-core-on-workers.md. */
const MAX_BYTES = 32_200;

assert.deepEqual(
  Object.keys(await import('../../dist/edge.js')),
  Object.keys(await import('../../dist/index.js')),
  'both entries have the same types, so they must export the same',
);
for (const condition of ['workerd', 'edge-light']) {
  const { outputFiles, metafile } = await build({
    stdin: { contents: "export { createClient } from 'ours-ingest';", resolveDir: root },
    absWorkingDir: root,
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'neutral',
    conditions: [condition],
    // Of tsconfig.json nothing: its paths lead to the sources.
    tsconfigRaw: {},
    write: false,
    metafile: true,
    logLevel: 'error',
    // Anything but the core stays outside, where it is seen.
    plugins: [
      {
        name: 'see-packages',
        setup: ({ onResolve }) =>
          onResolve({ filter: /^[^./]/ }, ({ path }) =>
            path === 'ours-ingest' ? undefined : { path, external: true },
          ),
      },
    ],
  });
  const [output] = Object.values(metafile.outputs);
  assert.deepEqual(output.imports, [], `the core carries packages along for ${condition}`);
  const bytes = gzipSync(outputFiles[0].contents).length;
  assert.ok(bytes <= MAX_BYTES, `the core for ${condition} has ${bytes} bytes, more than ${MAX_BYTES}`);
  console.log(`The core for ${condition}: ${bytes} bytes minified and gzipped, nothing imported.`);
}
