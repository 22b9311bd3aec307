import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createMemoryExposures } from '../../src/exposures/memory.js';
import { createSqliteOutbox } from '../../src/outbox/sqlite/index.js';
import { arrived, rig } from '../support/client.js';

const event = 'purchase';
const NOTHING = { entries: 0, claimed: 0, deadLetters: 0, unreadable: 0, exposures: 0 };

describe('client.forget', () => {
  it('removes what waits in memory under any name of the person, with an outcome for each event', async () => {
    const { client, collector, outcomes } = await rig({ flushIntervalMs: 60_000, flushAt: 100 });
    client.track({ event, distinctId: 'by id', userId: 'v1' });
    client.track({ event, distinctId: 'by email', email: 'Ada@example.org' });
    client.identify({ userId: 'v1', externalId: 'c1' });
    client.track({ event, distinctId: 'other', userId: 'v12' });
    const person = { userId: 'v1', email: 'ada@example.org' };
    expect(await client.forget(person, { dryRun: true })).toEqual({ ...NOTHING, entries: 3 });
    expect(outcomes).toEqual([]);
    expect(await client.forget(person)).toEqual({ ...NOTHING, entries: 3 });
    expect(outcomes).toMatchObject([
      { distinctId: 'by id', status: 'dropped', reason: 'forgotten' },
      { distinctId: 'by email', status: 'dropped', reason: 'forgotten' },
      { kind: 'identify', status: 'dropped', reason: 'forgotten' },
    ]);
    expect(await client.flush()).toMatchObject({ delivered: 1, dropped: 3, pending: 0 });
    expect(arrived(collector)).toEqual(['other']);
  });

  it.each([{ externalId: 'patient-1' }, { email: 'ada@EXAMPLE.org' }])(
    'removes events whose user properties alone name the person, as a collector does: %j',
    async (person) => {
      const { client, collector } = await rig({ flushIntervalMs: 60_000, flushAt: 100 });
      const userProperties = { email: 'Ada@example.org', external_id: 'patient-1' };
      const track = () => client.track({ event, userId: 'v1', userProperties });
      track();
      client.identify({ userId: 'v1', userProperties });
      client.track({ event, userId: 'v1', userProperties: { phone_number: '+49 30 1' } });
      expect(await client.forget(person)).toEqual({ ...NOTHING, entries: 2 });
      track();
      await client.flush();
      expect(collector.forget(person)).toMatchObject({ events: 2 });
    },
  );

  it('does not claim to know what became of an event that was being sent', async () => {
    const { client, collector, outcomes } = await rig({ flushAt: 1 });
    collector.faults.next({ kind: 'hang' });
    const receipt = client.track({ event, distinctId: 'under way', userId: 'v1' });
    await expect.poll(() => client.stats()).toMatchObject({ claimed: 1 });
    expect(await client.forget({ userId: 'v1' })).toEqual({ ...NOTHING, entries: 1, claimed: 1 });
    expect(await receipt.settled()).toMatchObject({ status: 'unknown', reason: 'unanswered' });
    expect(await client.stats()).toMatchObject({ waiting: 0, claimed: 0 });
    expect(outcomes).toHaveLength(1);
  });

  it('does not claim to know what became of an event whose request had no answer', async () => {
    const { client, collector, time } = await rig({ flushAt: 1 });
    collector.faults.set(() => ({ kind: 'reset' }));
    const receipt = client.track({ event, userId: 'v1' });
    await expect.poll(() => client.stats()).toMatchObject({ waiting: 1, circuit: 'open' });
    expect(await client.forget({ userId: 'v1' })).toEqual({ ...NOTHING, entries: 1 });
    expect(await receipt.settled()).toMatchObject({ status: 'unknown', reason: 'unanswered' });
    time.skip(60_000);
    await client.flush();
    expect(arrived(collector)).toEqual([]);
  });

  it('tells the receipts of a durable outbox', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'ours-forget-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    const { client, collector } = await rig({ outbox: createSqliteOutbox({ file: join(directory, 'events.db') }) });
    collector.faults.next({ kind: 'status', status: 503, headers: { 'retry-after': '600' } });
    await client.track({ event, userId: 'other' }).stored();
    await expect.poll(() => client.stats()).toMatchObject({ circuit: 'open' });
    const receipt = client.track({ event, userId: 'v1' });
    const later = client.track({ event, userId: 'v1' });
    const outcome = receipt.settled();
    expect(await client.forget({ userId: 'v1' })).toEqual({ ...NOTHING, entries: 2 });
    expect(await outcome).toEqual({ status: 'dropped', reason: 'forgotten' });
    // The outbox has no trace of it when this is asked.
    expect(await later.settled()).toEqual({ status: 'dropped', reason: 'forgotten' });
    expect(await client.stats()).toMatchObject({ waiting: 1, claimed: 0 });
  });

  it('forgets the visits of test mode too', async () => {
    const { client, collector } = await rig({ token: 'shop', testToken: 'test_shop', flushIntervalMs: 60_000 });
    client.visitor({ userId: 'v1', testToken: 'test_shop' }).track(event);
    client.track({ event, userId: 'v1' });
    expect(await client.forget({ userId: 'v1' })).toEqual({ ...NOTHING, entries: 2 });
    await client.flush();
    expect(arrived(collector)).toEqual([]);
  });

  it('forgets the exposures of the visitor, here and in the store, and no other’s', async () => {
    const { client, collector } = await rig({
      exposures: createMemoryExposures(),
      collector: {
        goal: event,
        experiments: [{ key: 'checkout', variants: [{ name: 'classic' }, { name: 'one_page' }] }],
      },
    });
    const assign = (userId: string) => client.assign('checkout', { userId, sessionId: '1' });
    await assign('v1');
    await assign('v12');
    const asked = collector.requests;
    // The exposure and the last variant.
    expect(await client.forget({ userId: 'v1' }, { dryRun: true })).toMatchObject({ exposures: 2 });
    await assign('v1');
    expect(collector.requests).toBe(asked);
    expect(await client.forget({ userId: 'v1' })).toMatchObject({ exposures: 2 });
    expect(await client.forget({ userId: 'v1' })).toMatchObject({ exposures: 0 });
    await assign('v12');
    expect(collector.requests).toBe(asked);
    await assign('v1');
    expect(collector.requests).toBeGreaterThan(asked);
  });

  it('rejects when the store of exposures does, so that nobody believes that it forgot', async () => {
    const exposures = { ...createMemoryExposures(), forget: async () => Promise.reject(new Error('it is down')) };
    const { client } = await rig({ exposures });
    await expect(client.forget({ userId: 'v1' })).rejects.toThrow('it is down');
  });

  it.each([undefined, {}, { userId: '' }, { email: 7 }])('asks for the name of the person: %j', async (nobody) => {
    const { client } = await rig();
    await expect(client.forget(nobody as never)).rejects.toMatchObject({ code: 'invalid_option' });
  });
});
