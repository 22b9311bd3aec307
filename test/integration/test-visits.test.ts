import { describe, expect, it } from 'vitest';
import type { Collector } from '../../src/collector/index.js';
import { createMemoryOutbox } from '../../src/outbox/memory.js';
import { rig } from '../support/client.js';

const TEST_TOKEN = 'test_of_the_shop';
const visit = { userId: 'v', sessionId: '1', testToken: TEST_TOKEN };
const experiments = [{ key: 'hero', variants: [{ name: 'classic' }, { name: 'bold' }], primary: 'purchase' }];
const testRig = () =>
  rig({ token: 'live', testToken: TEST_TOKEN, assignTimeoutMs: 60_000, collector: { experiments } });

/** Which events the collector has as test events, by their ids. */
function testsOf(collector: Collector): Record<string, boolean> {
  return Object.fromEntries(collector.report().events.map(({ event, isTest }) => [event.distinctId, isTest]));
}

describe('a visit in test mode', () => {
  it('sends test events, while other visits do not', async () => {
    const { client, collector } = await testRig();
    const tester = client.visitor(visit);
    await tester.identify({ userProperties: { first_name: 'T' } }).stored();
    tester.track('purchase', {}, { distinctId: 'of a tester' });
    client.visitor({ userId: 'w' }).track('purchase', {}, { distinctId: 'of a customer' });
    expect(await client.flush()).toMatchObject({ delivered: 3, pending: 0 });
    expect(testsOf(collector)).toMatchObject({ 'of a tester': true, 'of a customer': false });
    expect(
      collector
        .report()
        .events.filter(({ event }) => event.userId === 'v')
        .map(({ isTest }) => isTest),
    ).toEqual([true, true]);
  });

  it('gets a variant and leaves no impression among real ones', async () => {
    const { client, collector } = await testRig();
    expect(await client.visitor(visit).assign('hero')).toMatchObject({ inExperiment: true, exposed: false });
    await client.flush();
    expect(collector.events()).toEqual([]);
  });

  it('is closed with the client, and starts nothing afterwards', async () => {
    const { client, collector } = await testRig();
    const tester = client.visitor(visit);
    tester.track('purchase', {}, { distinctId: 'before' });
    expect(await client.close()).toMatchObject({ delivered: 1, pending: 0 });
    expect(await tester.track('purchase').settled()).toMatchObject({ reason: 'closed' });
    expect(await client.visitor(visit).track('purchase').settled()).toMatchObject({ reason: 'closed' });
    expect(collector.events()).toHaveLength(1);
  });

  it.each([{ token: 'live', testToken: TEST_TOKEN }, { token: 'live' }])(
    'is like any other with a token that is not the configured one, and says so once (%o)',
    async (tokens) => {
      const { client, collector, warnings } = await rig(tokens);
      for (const testToken of ['test_of_another', 'test_of_a_third']) {
        client.visitor({ ...visit, testToken }).track('purchase', {}, { distinctId: testToken });
      }
      await client.flush();
      expect(testsOf(collector)).toEqual({ test_of_another: false, test_of_a_third: false });
      expect(warnings).toEqual([expect.stringMatching(/ours_test_token.*OURS_TEST_TOKEN/)]);
      expect(warnings[0]).not.toContain('test_of');
    },
  );

  it('keeps its events out of the outbox of the others', async () => {
    const outbox = createMemoryOutbox();
    const appended: string[] = [];
    const { client } = await rig({
      token: 'live',
      testToken: TEST_TOKEN,
      outbox: {
        ...outbox,
        append(entries) {
          appended.push(...entries.map(({ distinctId }) => distinctId));
          return outbox.append(entries);
        },
      },
    });
    client.visitor(visit).track('purchase', {}, { distinctId: 'of a tester' });
    client.visitor({ userId: 'w' }).track('purchase', {}, { distinctId: 'of a customer' });
    await client.flush();
    expect(appended).toEqual(['of a customer']);
  });
});

it('testToken must be a test token', async () => {
  await expect(rig({ testToken: 'live' })).rejects.toThrow(/testToken must be a source's test token, test_…/);
});
