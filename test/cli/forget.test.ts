import { describe, expect, it, onTestFinished } from 'vitest';
import { hashVisitor } from '../../src/assignment/exposure-key.js';
import { UsageError } from '../../src/cli/command.js';
import { forget } from '../../src/cli/forget.js';
import { createCollector } from '../../src/collector/index.js';
import { createSqliteExposures } from '../../src/exposures/sqlite.js';
import { createSqliteOutbox } from '../../src/outbox/sqlite/index.js';
import { postRows, row } from '../collector/posting.js';
import { rig } from '../support/client.js';
import { trackEntry } from '../support/entries.js';
import { keyOf } from '../support/keys.js';
import { fileOutbox, freshFile, giveUp, REFUSED } from './outbox-file.js';
import { run, runChild } from './running.js';

const key = Buffer.from(keyOf(1)).toString('base64');
const CHECKOUT = { key: 'checkout', variants: [{ name: 'classic' }, { name: 'one_page' }] };
const patient = { externalId: 'patient-1' };

/** A waiting event and a dead letter of the patient, and a waiting event of another person. */
async function outboxWith(sealingKeys?: string[]) {
  const { file, outbox } = await fileOutbox(sealingKeys);
  await outbox.append([trackEntry('letter', patient)]);
  await giveUp(outbox, REFUSED);
  await outbox.append([trackEntry('waiting', patient), trackEntry('other', { externalId: 'patient-2' })]);
  return { file, outbox };
}

describe('ours-ingest forget', () => {
  it('deletes waiting events and dead letters of one person, and prints how many', async () => {
    const { file, outbox } = await outboxWith();
    const { printed, error } = await run(forget, ['--external-id', 'patient-1', '--sqlite', file, '--yes']);
    expect(error).toBeUndefined();
    expect(printed).toEqual([
      `the SQLite file ${file}: 1 waiting, 1 dead letter.`,
      `Deleted from the SQLite file ${file}: 1 waiting, 1 dead letter.`,
    ]);
    expect(await outbox.stats()).toMatchObject({ waiting: 1 });
    expect(await outbox.deadLetters.count()).toBe(0);
  });

  it('shows how many events are in flight and may still arrive', async () => {
    const { file, outbox } = await outboxWith();
    await outbox.claim({ maxEntries: 9, maxBytes: 1e6, leaseMs: 60_000 });
    const { printed } = await run(forget, ['--external-id', 'patient-1', '--sqlite', file, '--dry-run']);
    expect(printed).toEqual([`the SQLite file ${file}: 1 waiting (1 in flight, and may still arrive), 1 dead letter.`]);
  });

  it.each<[string, string[], (() => Promise<string>) | undefined]>([
    ['in a dry run', ['--dry-run'], undefined],
    ['if the answer is not yes', [], async () => 'no'],
    ['without a terminal', [], undefined],
  ])('deletes nothing %s', async (_, args, ask) => {
    const { file, outbox } = await outboxWith();
    const { error } = await run(forget, ['--external-id', 'patient-1', '--sqlite', file, ...args], { ask });
    const isRefused = args.length === 0 && ask === undefined;
    expect(error === undefined ? '' : error.message).toMatch(isRefused ? /confirm with --yes/ : /^$/);
    expect(await outbox.stats()).toMatchObject({ waiting: 2 });
    expect(await outbox.deadLetters.count()).toBe(1);
  });

  it('deletes it if the answer is yes', async () => {
    const { file, outbox } = await outboxWith();
    await run(forget, ['--external-id', 'patient-1', '--sqlite', file], { ask: async () => 'yes' });
    expect(await outbox.stats()).toMatchObject({ waiting: 1 });
  });

  it('opens a sealed outbox with its keys, and fails without them', async () => {
    const { file } = await outboxWith([key]);
    const args = ['--external-id', 'patient-1', '--sqlite', file, '--yes'];
    const blind = await run(forget, args);
    expect(blind.error?.message).toContain('Some data could not be read');
    expect(blind.warned).toEqual([expect.stringMatching(/^3 .*OURS_SEALING_KEYS/)]);
    const { printed, error } = await run(forget, args, { env: { OURS_SEALING_KEYS: key } });
    expect(error).toBeUndefined();
    expect(printed.at(-1)).toContain('1 waiting, 1 dead letter');
    const left = createSqliteOutbox({ file, sealingKeys: [key] });
    expect(await left.forget(patient)).toEqual({ entries: 0, claimed: 0, deadLetters: 0, unreadable: 0 });
    await left.close();
  });

  it('deletes a person from the file of a collector, alone or together with an outbox', async () => {
    const data = await freshFile();
    const collector = await createCollector({ data });
    await postRows(collector, row({ externalId: 'patient-1', distinctId: 'a' }), row({ userId: 'b', distinctId: 'b' }));
    await collector.close();
    const { file } = await outboxWith();
    const alone = await run(forget, ['--external-id', 'patient-1', '--data', data, '--dry-run']);
    expect(alone.printed).toEqual([expect.stringMatching(/collector's file .*: 1 event, 0 assignments/)]);
    const both = await run(forget, ['--external-id', 'patient-1', '--data', data, '--sqlite', file, '--yes']);
    expect(both.error).toBeUndefined();
    expect(both.printed).toHaveLength(4);
    const { printed } = await run(forget, ['--external-id', 'patient-1', '--data', data, '--yes']);
    expect(printed).toEqual([expect.stringContaining('0 events')]);
  });

  it.each<[string[], string]>([
    [['--sqlite', 'a.db'], 'name the person'],
    [['--email', '', '--sqlite', 'a.db'], 'name the person'],
    [['--email', 'a@example.org'], 'got none'],
    [['--email', 'a@example.org', '--data', '/nowhere/a.db'], 'does not exist'],
  ])('refuses %j', async (args, message) => {
    const { error } = await run(forget, args);
    expect(error?.message).toContain(message);
    if (message !== 'does not exist') expect(error).toBeInstanceOf(UsageError);
  });

  it('deletes what a store of exposures knows of the visitor, of the client’s project', async () => {
    const file = await freshFile();
    const exposures = createSqliteExposures({ file });
    onTestFinished(() => exposures.close());
    const { client } = await rig({ exposures, collector: { goal: 'purchase', experiments: [CHECKOUT] } });
    for (const userId of ['v1', 'v2']) await client.assign('checkout', { userId, sessionId: '1' });
    const args = ['--user-id', 'v1', '--exposures', file, '--yes'];
    const { printed, error } = await run(forget, args, { env: { OURS_EXPERIMENT_TOKEN: 'exp_shop' } });
    expect(error).toBeUndefined();
    expect(printed).toEqual([`the exposures in ${file}: 2 keys.`, `Deleted from the exposures in ${file}: 2 keys.`]);
    expect(await exposures.forget(await hashVisitor('exp_shop', 'v1'), true)).toBe(0);
    expect(await exposures.forget(await hashVisitor('exp_shop', 'v2'), true)).toBe(2);
  });

  it.each([
    [['--email', 'ada@example.org'], { OURS_EXPERIMENT_TOKEN: 'exp_shop' }, /needs --user-id/],
    [['--user-id', 'v1'], {}, /needs OURS_EXPERIMENT_TOKEN/],
    [
      ['--user-id', 'v1', '--exposures-name', 'mine'],
      { OURS_EXPERIMENT_TOKEN: 'exp_shop' },
      /Redis and PostgreSQL only/,
    ],
    [['--user-id', 'v1'], { OURS_EXPERIMENT_TOKEN: 'exp_shop' }, /does not exist/],
  ])('says what a store of exposures needs: %j %j', async (args, env, message) => {
    const { error } = await run(forget, [...args, '--exposures', await freshFile(), '--yes'], { env });
    expect(error?.message).toMatch(message);
  });

  it.each(['redis://127.0.0.1:1', 'postgres://127.0.0.1:1/shop'])(
    'ends with a store it cannot reach: %s',
    async (url) => {
      const running = runChild(['forget', '--user-id', 'v1', '--exposures', url, '--yes'], {
        ...process.env,
        OURS_EXPERIMENT_TOKEN: 'exp_shop',
      } as Record<string, string>);
      expect(await running.end).toBe(1);
      expect(running.stderr()).toMatch(/ECONNREFUSED|cannot be used|connection to the database failed/);
    },
  );
});
