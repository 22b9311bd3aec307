import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { createSqliteOutbox } from '../../../src/outbox/sqlite/index.js';
import { trackEntry } from '../../support/entries.js';
import { EVERYTHING } from '../contract.js';

/** A disk of six megabytes, or `undefined` where this process may not mount one. */
async function smallDisk(): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'ours-disk-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  onTestFinished(() => void execFileSync('umount', ['-l', folder]));
  return folder;
}

it('an sqlite outbox that has filled its disk refuses new events, drains, and takes events again', async ({ skip }) => {
  const folder = await smallDisk();
  if (folder === undefined) return skip('only root can mount a small disk');
  const open = () => createSqliteOutbox({ file: join(folder, 'events.db') });
  let outbox = open();
  const stored = new Set<string>();
  let refusal: unknown;
  for (let number = 0; refusal === undefined; number += 50) {
    const entries = Array.from({ length: 50 }, (_, index) =>
      trackEntry(`${number + index}`, { userId: 'x'.repeat(500) }),
    );
    try {
      await outbox.append(entries);
      for (const { distinctId } of entries) stored.add(distinctId);
    } catch (error) {
      refusal = error;
    }
  }
  expect(refusal).toMatchObject({ message: expect.stringMatching(/disk .* is full/), storedNothing: true });
  expect(await readdir(folder)).toContain('events.db-reserve');
  expect(stored.size).toBeGreaterThan(1_000);
  // A process that starts on the full disk can deliver as well.
  const half = stored.size / 2;
  const drain = async (until: number): Promise<void> => {
    while (stored.size > until) {
      const entries = await outbox.claim({ ...EVERYTHING, maxEntries: 100 });
      await outbox.ack(entries);
      for (const { distinctId } of entries) expect(stored.delete(distinctId)).toBe(true);
    }
  };
  await drain(half);
  await outbox.close();
  outbox = open();
  await drain(0);
  expect(await outbox.stats()).toEqual({ waiting: 0, claimed: 0, bytes: 0 });
  expect((await outbox.append([trackEntry('after')])).dropped).toEqual([]);
  await outbox.close();
}, 120_000);
