import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';

const SOURCES: Readonly<Record<string, string>> = {
  'ours-ingest': 'src/index.ts',
  'ours-ingest/collector': 'src/collector/index.ts',
  'ours-ingest/commerce': 'src/commerce/index.ts',
};

// The README's example and the first program of "Getting started".
it.each([
  ['README.md', /```ts runnable\n(.*?)```/s],
  ['docs/getting-started.md', /```js runnable\n(.*?)```/s],
])('the first program of %s runs unchanged and ends with a purchase that counted', async (page, block) => {
  const [, program = ''] = block.exec(await readFile(page, 'utf8')) ?? [];
  // Below this folder, so that its other packages are found.
  const folder = await mkdtemp(join('test', 'quick-start-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'shop.mts');
  const sources = program.replace(/'(ours-ingest[^']*)'/g, (_, name) => `'${join(process.cwd(), SOURCES[name]!)}'`);
  await writeFile(file, sources);
  // A busy machine may need longer than the default for the first assignment, and the impression would come after the purchase.
  const env = { ...process.env, OURS_ASSIGN_TIMEOUT_MS: '30000' };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--import', 'tsx', file], { env });
  expect(stdout.trim().split('\n').at(-1)).toBe('purchase: counted');
  expect(stderr).toBe('');
});
