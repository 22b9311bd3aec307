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

it('the quick start in README runs unchanged and ends with a purchase that counted', async () => {
  const readme = await readFile('README.md', 'utf8');
  const [, program = ''] = /```js\n(.*?)```/s.exec(readme) ?? [];
  // Inside this folder, so that its other imports resolve.
  const folder = await mkdtemp(join('test', 'quick-start-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'shop.mts');
  const sources = program.replace(/'(ours-ingest[^']*)'/g, (_, name) => `'${join(process.cwd(), SOURCES[name]!)}'`);
  await writeFile(file, sources);
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--import', 'tsx', file]);
  expect(stdout.trim().split('\n').at(-1)).toBe('purchase: counted');
  expect(stderr).toBe('');
});
