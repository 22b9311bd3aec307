import { existsSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { UsageError } from '../../src/cli/command.js';
import { status } from '../../src/cli/status.js';
import { testContext } from './context.js';
import { EVERYTHING, fileOutbox, freshEntries, freshFile, giveUp, REFUSED, TOO_OLD } from './outbox-file.js';

afterEach(() => void vi.useRealTimers());

/** An outbox with 1 dead letter, 2 of another kind, 2 events claimed and 1 waiting, the oldest for 200 s. */
async function busyOutbox() {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_000 });
  const { file, outbox } = await fileOutbox();
  await outbox.append(freshEntries(1, 'old'));
  await giveUp(outbox, TOO_OLD);
  await outbox.append(freshEntries(2, 'bad'));
  await giveUp(outbox, REFUSED);
  await outbox.append(freshEntries(3));
  await outbox.claim({ ...EVERYTHING, maxEntries: 2 });
  vi.setSystemTime(1_700_000_200_000);
  return { file, bytes: (await outbox.stats()).bytes };
}

describe('ours-ingest status', () => {
  it('shows what waits, for how long, and the dead letters with their reasons', async () => {
    const { file, bytes } = await busyOutbox();
    const context = testContext();
    await status.run(['--sqlite', file], context);
    expect(context.printed).toEqual([
      `the SQLite file ${file}`,
      '',
      'waiting       1',
      'claimed       2 (leased to a relay; reclaimed within five minutes if that relay has died)',
      `size          ${bytes} bytes`,
      'oldest        3 min 20 s ago',
      'dead letters  3',
      '  2 rejected invalid_event: the service rejected this event as invalid',
      '  1 dropped too_old: it is older than the 7 days that the service accepts',
    ]);
  });

  it('prints JSON', async () => {
    const { file, bytes } = await busyOutbox();
    const context = testContext();
    await status.run(['--sqlite', file, '--json'], context);
    expect(context.printed.map((line) => JSON.parse(line))).toEqual([
      {
        outbox: `the SQLite file ${file}`,
        waiting: 1,
        claimed: 2,
        bytes,
        oldestAgeSeconds: 200,
        deadLetters: 3,
        deadLetterReasons: { 'rejected invalid_event': 2, 'dropped too_old': 1 },
      },
    ]);
  });

  it('reports that an empty outbox has no waiting events', async () => {
    const { file } = await fileOutbox();
    const [text, json] = [testContext(), testContext()];
    await status.run(['--sqlite', file], text);
    await status.run(['--sqlite', file, '--json'], json);
    expect(text.printed).toContain('oldest        –');
    expect(JSON.parse(json.printed[0]!)).toMatchObject({ waiting: 0, oldestAgeSeconds: null, deadLetters: 0 });
  });

  it('prints everything, then fails if an event has waited for too long', async () => {
    const { file } = await busyOutbox();
    const context = testContext();
    await status.run(['--sqlite', file, '--max-age', '200'], context);
    await expect(status.run(['--sqlite', file, '--max-age', '199'], context)).rejects.toThrow(
      /3 min 20 s.*check that a relay is running/,
    );
    expect(context.printed).toHaveLength(18);
  });

  it('reports a missing file, and does not create it', async () => {
    const file = await freshFile();
    await expect(status.run(['--sqlite', file], testContext())).rejects.toThrow(`${file} does not exist`);
    expect(existsSync(file)).toBe(false);
  });

  it('finds the outbox in the environment, which an option overrides', async () => {
    const { file } = await busyOutbox();
    const { file: another } = await fileOutbox();
    const env = { OURS_OUTBOX_SQLITE: file };
    const [fromEnv, fromOption] = [testContext({ env }), testContext({ env })];
    await status.run([], fromEnv);
    await status.run(['--sqlite', another], fromOption);
    expect([fromEnv.printed[0], fromOption.printed[0]]).toEqual([
      `the SQLite file ${file}`,
      `the SQLite file ${another}`,
    ]);
  });

  it.each<[string, string[], Record<string, string>, string]>([
    ['no outbox', [], {}, 'got none'],
    ['two outboxes', ['--sqlite', 'a', '--redis', 'redis://h'], {}, '--sqlite and --redis'],
    ['two in the environment', [], { OURS_OUTBOX_SQLITE: 'a', OURS_OUTBOX_REDIS: 'b' }, 'OURS_OUTBOX_REDIS'],
    ['an outbox without a name', ['--sqlite', ''], {}, '--sqlite is empty'],
    ['a table in Redis', ['--redis', 'redis://h', '--table', 't'], {}, '--table'],
    ['a name in SQLite', ['--sqlite', 'a', '--name', 'n'], {}, '--name'],
    ['an invalid age', ['--sqlite', 'a', '--max-age', '5m'], {}, '--max-age'],
    ['an option it does not know', ['--verbose'], {}, '--verbose'],
  ])('refuses %s', async (_, args, env, message) => {
    const run = status.run(args, testContext({ env }));
    await expect(run).rejects.toThrow(UsageError);
    await expect(run).rejects.toThrow(message);
  });

  it('refuses invalid keys without showing them', async () => {
    const { file } = await fileOutbox();
    const run = status.run(['--sqlite', file], testContext({ env: { OURS_SEALING_KEYS: 'hunter2' } }));
    await expect(run).rejects.toThrow(UsageError);
    await expect(run).rejects.not.toThrow('hunter2');
  });

  it('shows its options', async () => {
    const context = testContext();
    await status.run(['--help'], context);
    expect(context.printed.join()).toMatch(/--postgres <url>.*--json/s);
  });
});
