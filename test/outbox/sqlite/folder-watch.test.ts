import { chmod, mkdtemp, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { FolderWatch } from '../../../src/outbox/sqlite/folder-watch.js';

/** Longer than a step of any file system's clock. */
const LONG_MS = 10_000;

async function folderWith(...names: readonly string[]) {
  const folder = await mkdtemp(join(tmpdir(), 'ours-folder-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const name of names) await writeFile(join(folder, name), '');
  return folder;
}

/** A watch of the folder that trusts what it has seen, a real step of the file system's clock after the last change. */
async function settledWatch(file: string) {
  const { ctimeNs } = await stat(join(file, '..'), { bigint: true });
  const clock = await folderWith();
  do await chmod(clock, 0o700);
  while ((await stat(clock, { bigint: true })).ctimeNs === ctimeNs);
  let now = 0;
  const watch = new FolderWatch(file, () => now);
  watch.look();
  now += LONG_MS;
  return { watch, settled: watch.look() };
}

it('a folder that has changed a moment ago counts as changing with every look', async () => {
  const folder = await folderWith('a');
  const watch = new FolderWatch(join(folder, 'a'), () => 0);
  const seen = [watch.look(), watch.look(), watch.look()];
  expect(new Set(seen).size).toBe(3);
  expect(watch.generation).toBe(seen[2]);
});

it('a folder in which nothing changes keeps its generation', async () => {
  const folder = await folderWith('a', 'b');
  const { watch, settled } = await settledWatch(join(folder, 'a'));
  await writeFile(join(folder, 'a'), 'more');
  expect([watch.look(), watch.look()]).toEqual([settled, settled]);
});

it.each([
  ['deleted', async (folder: string) => rm(join(folder, 'b'))],
  ['made', async (folder: string) => writeFile(join(folder, 'c'), '')],
  ['renamed', async (folder: string) => rename(join(folder, 'b'), join(folder, 'c'))],
  ['replaced', async (folder: string) => rename(join(folder, 'b'), join(folder, 'a'))],
])('a file that is %s in the folder ends its generation', async (_, change) => {
  const folder = await folderWith('a', 'b');
  const { watch, settled } = await settledWatch(join(folder, 'a'));
  await change(folder);
  expect(watch.look()).not.toBe(settled);
});

it('a folder that is moved away ends its generation, and so does another one in its place', async () => {
  const folder = await folderWith('a');
  const other = await folderWith('a');
  const { watch, settled } = await settledWatch(join(folder, 'a'));
  await rename(folder, `${folder}-moved`);
  onTestFinished(() => rm(`${folder}-moved`, { recursive: true }));
  const gone = watch.look();
  expect(gone).not.toBe(settled);
  await rename(other, folder);
  expect(watch.look()).not.toBe(gone);
});

it('a file that is a link is looked at each time: it leads to another folder', async () => {
  const folder = await folderWith('a');
  await symlink(join(folder, 'a'), join(folder, 'link'));
  const { watch, settled } = await settledWatch(join(folder, 'link'));
  expect(watch.look()).not.toBe(settled);
});
