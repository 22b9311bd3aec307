import { describe, expect, it, vi } from 'vitest';
import type { Exposures } from '../../src/assignment/exposure-store.js';
import { type Collector, createCollector, type ExperimentConfig } from '../../src/collector/index.js';
import { createMemoryExposures } from '../../src/exposures/memory.js';
import { type Rig, type RigOptions, rig, until } from '../support/client.js';
import { holdTime } from '../support/held-time.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const checkout: ExperimentConfig = { key: 'checkout', variants: [{ name: 'classic' }, { name: 'one_page' }] };
const PATH = '/experiments/assignments/checkout';
const ASKED = { userId: 'v1', sessionId: 's1' };

const impressions = (collector: Collector): number =>
  collector.events().filter(({ event }) => event === '$experiment_impression').length;

/** Clients like those of several processes, with one collector. */
async function fleet(
  count: number,
  { experiments = [checkout], ...options }: Omit<RigOptions, 'experiments'> & { experiments?: ExperimentConfig[] },
): Promise<{ collector: Collector; processes: Rig[] }> {
  const collector = await createCollector({ goal: 'purchase', experiments });
  const processes = await Promise.all(
    Array.from({ length: count }, () =>
      // Long timeouts: a slow machine must not look like a slow store.
      rig({ collector, assignTimeoutMs: 30_000, exposuresTimeoutMs: 30_000, ...options }),
    ),
  );
  return { collector, processes };
}

/** A minimal store, with a record of its calls. */
function claimsOnly(): Exposures & { readonly keys: string[] } {
  const store = createMemoryExposures();
  const keys: string[] = [];
  return {
    keys,
    claim(key, ttlMs) {
      keys.push(key);
      return store.claim(key, ttlMs);
    },
  };
}

/** Forwards to a store, and can be made to fail. */
function switchable(): Required<Exposures> & { trouble: (() => Promise<never>) | undefined; calls: number } {
  const store = createMemoryExposures();
  const call = <Answer>(work: () => Promise<Answer>): Promise<Answer> => {
    self.calls += 1;
    return self.trouble === undefined ? work() : self.trouble();
  };
  const self: ReturnType<typeof switchable> = {
    trouble: undefined,
    calls: 0,
    claim: (key, ttlMs) => call(() => store.claim(key, ttlMs)),
    remember: (key, value, ttlMs) => call(() => store.remember(key, value, ttlMs)),
    recall: (key) => call(() => store.recall(key)),
    forget: (visitor, dryRun) => call(() => store.forget(visitor, dryRun)),
  };
  return self;
}

/** A manual clock, for waits that a slow machine would shorten. */
function standingStill(): { readonly platform: { readonly monotonic: () => number }; skip(ms: number): void } {
  let ms = 0;
  return {
    platform: { monotonic: () => ms },
    skip(by) {
      ms += by;
    },
  };
}

const down = (): Promise<never> => Promise.reject(new Error('connection refused'));
const silent = (): Promise<never> => new Promise(() => undefined);

describe('with a shared store, an exposure is recorded', () => {
  it.each([
    ['that can claim only', claimsOnly],
    ['that can remember', createMemoryExposures],
  ])('once in a session by 20 processes at once, by a store %s', async (_, create) => {
    const { collector, processes } = await fleet(20, { exposures: create() });
    const answers = await Promise.all(processes.map(({ client }) => client.assign('checkout', ASKED)));
    expect(impressions(collector)).toBe(1);
    expect(new Set(answers.map(({ variantName }) => variantName)).size).toBe(1);
    expect(answers.every(({ reason }) => reason === 'assigned')).toBe(true);
    for (const { client } of processes) await client.assign('checkout', { ...ASKED, sessionId: 's2' });
    expect(impressions(collector)).toBe(2);
  });

  it('on the experiment’s page, regardless of the pages requested before', async () => {
    const { collector, processes } = await fleet(2, {
      exposures: claimsOnly(),
      experiments: [{ ...checkout, urls: ['/cart'] }],
    });
    const [one, other] = processes as [Rig, Rig];
    expect(await one.client.assign('checkout', { ...ASKED, url: 'https://shop.example/home' })).toMatchObject({
      reason: 'not_assigned',
    });
    await other.client.assign('checkout', { ...ASKED, url: 'https://shop.example/cart' });
    expect(impressions(collector)).toBe(1);
  });

  it('once for each of two visitors with the same session id, and for each of two projects in the same store', async () => {
    const exposures = createMemoryExposures();
    const { collector, processes } = await fleet(2, { exposures });
    for (const { client } of processes) {
      for (const userId of ['v1', 'v2']) await client.assign('checkout', { userId, sessionId: 's1' });
    }
    expect(impressions(collector)).toBe(2);
    const project = await rig({ collector, exposures, experimentToken: 'exp_other' });
    await project.client.assign('checkout', ASKED);
    expect(impressions(collector)).toBe(3);
  });

  it('never with record: false, without a call to the store', async () => {
    const exposures = claimsOnly();
    const { collector, processes } = await fleet(1, { exposures });
    await processes[0]?.client.assign('checkout', { ...ASKED, record: false });
    expect(exposures.keys).toEqual([]);
    expect(impressions(collector)).toBe(0);
    await processes[0]?.client.assign('checkout', ASKED);
    expect(collector.requestsTo(PATH)).toBe(2);
    expect(impressions(collector)).toBe(1);
  });

  it('never for a visitor outside the experiment, without a call to the store', async () => {
    const exposures = claimsOnly();
    const { processes } = await fleet(1, { exposures, experiments: [{ ...checkout, allocation: 0 }] });
    await processes[0]?.client.assign('checkout', ASKED);
    expect(exposures.keys).toEqual([]);
  });

  it('again after six hours', async () => {
    let aheadMs = 0;
    const exposures = createMemoryExposures({ monotonic: () => performance.now() + aheadMs });
    const { collector, processes } = await fleet(2, { exposures });
    const [one, other] = processes as [Rig, Rig];
    await one.client.assign('checkout', ASKED);
    aheadMs = 6 * HOUR_MS - MINUTE_MS;
    await other.client.assign('checkout', ASKED);
    expect(impressions(collector)).toBe(1);
    aheadMs = 6 * HOUR_MS + 1;
    other.time.skip(2 * MINUTE_MS);
    await other.client.assign('checkout', ASKED);
    expect(impressions(collector)).toBe(2);
  });
});

describe('a store of exposures', () => {
  it('is not called if this process knows that the exposure is recorded', async () => {
    const exposures = switchable();
    const { collector, processes } = await fleet(2, { exposures });
    for (const { client } of processes) await client.assign('checkout', ASKED);
    const { calls } = exposures;
    const requests = collector.requestsTo(PATH);
    for (const { client } of processes) await client.assign('checkout', ASKED);
    expect(exposures.calls).toBe(calls);
    expect(collector.requestsTo(PATH)).toBe(requests);
  });

  it('does not learn about the visitor: keys are hashes, and values have no id', async () => {
    const seen: string[] = [];
    const store = createMemoryExposures();
    const exposures: Exposures = {
      claim(key, ttlMs) {
        seen.push(key);
        return store.claim(key, ttlMs);
      },
      remember(key, value, ttlMs) {
        seen.push(key, value);
        return store.remember(key, value, ttlMs);
      },
    };
    const { processes } = await fleet(1, { exposures });
    await processes[0]?.client.assign('checkout', { userId: 'visitor-1', sessionId: '1700000000000' });
    const [claimed, ...remembered] = seen;
    expect(claimed).toMatch(/^[0-9a-f]{64}$/);
    // The hashes are computed side by side, so either key may be remembered first.
    expect(remembered).toContain(claimed);
    expect(seen.join()).not.toMatch(/visitor-1|1700000000000/);
  });

  it.each([
    ['rejects', down, 'connection refused.'],
    ['never answers', silent, 'no answer within 20 ms (exposuresTimeoutMs).'],
    [
      'throws',
      () => {
        throw new Error('a bug');
      },
      'a bug.',
    ],
    [
      'answers without true or false',
      (async () => 'OK') as () => Promise<never>,
      'claim must resolve to true or false.',
    ],
  ])('that %s is left alone, with one warning, and each process remembers for itself', async (_, trouble, why) => {
    const exposures = switchable();
    exposures.trouble = trouble;
    const { collector, processes } = await fleet(1, {
      exposures,
      exposuresTimeoutMs: 20,
      platform: standingStill().platform,
    });
    const [{ client, warnings }] = processes as [Rig];
    const time = holdTime();
    for (const userId of ['v1', 'v1', 'v2']) {
      const asked = client.assign('checkout', { userId, sessionId: 's1' });
      expect(await time.settle(asked, 1)).toMatchObject({ reason: 'assigned' });
    }
    expect(impressions(collector)).toBe(2);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(`the store of exposures failed: ${why}`);
    expect(exposures.calls).toBe(1);
  });

  it('that failed is retried after one second, then after two, and is used again once it works', async () => {
    const exposures = switchable();
    exposures.trouble = down;
    const clock = standingStill();
    const { collector, processes } = await fleet(2, { exposures, platform: clock.platform });
    const [one, other] = processes as [Rig, Rig];
    const calls: number[] = [];
    let visitors = 0;
    for (const waitMs of [0, 999, 1, 1_999, 1]) {
      clock.skip(waitMs);
      visitors += 1;
      await one.client.assign('checkout', { userId: `v${visitors}` });
      calls.push(exposures.calls);
    }
    expect(calls).toEqual([1, 1, 2, 2, 3]);
    expect(one.warnings).toHaveLength(1);

    exposures.trouble = undefined;
    clock.skip(4_000);
    for (const { client } of [one, other]) await client.assign('checkout', { userId: 'last' });
    expect(impressions(collector)).toBe(visitors + 1);
    expect([...one.warnings, ...other.warnings]).toHaveLength(1);
  });

  it('that fails intermittently causes one warning, and another after it has worked for a minute', async () => {
    const exposures = switchable();
    const clock = standingStill();
    const { processes } = await fleet(1, { exposures, platform: clock.platform });
    const [{ client, warnings }] = processes as [Rig];
    const visit = (userId: string) => client.assign('checkout', { userId, sessionId: 's1' });
    for (const [round, expected] of [1, 1, 1, 2].entries()) {
      if (round === 3) {
        clock.skip(MINUTE_MS);
        await visit('while it works');
      }
      exposures.trouble = down;
      await visit(`troubled ${round}`);
      expect(warnings).toHaveLength(expected);
      exposures.trouble = undefined;
      clock.skip(1_000);
      await visit(`served ${round}`);
    }
  });

  it('is paused for all clients of a process together', async () => {
    const exposures = switchable();
    exposures.trouble = down;
    const { processes } = await fleet(3, { exposures, platform: standingStill().platform });
    for (const { client } of processes) await client.assign('checkout', ASKED);
    expect(exposures.calls).toBe(1);
  });

  it('that does not confirm a claim does not delay a page beyond its timeout', async () => {
    const store = createMemoryExposures();
    const exposures: Exposures = { ...store, remember: silent };
    const { processes } = await fleet(1, { exposures, exposuresTimeoutMs: 20 });
    const [{ client }] = processes as [Rig];
    const time = holdTime();
    expect(await time.settle(client.assign('checkout', ASKED), 1)).toMatchObject({ reason: 'assigned' });
  });

  it('must have claim', async () => {
    await expect(rig({ exposures: {} as Exposures })).rejects.toThrow(/exposures must be a store with claim/);
  });
});

describe('when a claimed exposure could not be recorded', () => {
  /** Fails the second request: the first asks for the variant, the second records. */
  const breakRecording = (collector: Collector): void => {
    let requests = 0;
    collector.faults.set(() => {
      requests += 1;
      return requests === 2 ? { kind: 'status', status: 500 } : undefined;
    });
  };

  it('the process with the claim retries on the next page', async () => {
    const { collector, processes } = await fleet(2, { exposures: claimsOnly() });
    const [one] = processes as [Rig];
    breakRecording(collector);
    await one.client.assign('checkout', ASKED);
    expect(impressions(collector)).toBe(0);
    await one.client.assign('checkout', ASKED);
    expect(impressions(collector)).toBe(1);
  });

  it('another process records within about a minute if the first has ended', async () => {
    let aheadMs = 0;
    const exposures = createMemoryExposures({ monotonic: () => performance.now() + aheadMs });
    const { collector, processes } = await fleet(2, { exposures });
    const [one, other] = processes as [Rig, Rig];
    breakRecording(collector);
    await one.client.assign('checkout', ASKED);
    expect(await other.client.assign('checkout', ASKED)).toMatchObject({ reason: 'assigned' });
    expect(impressions(collector)).toBe(0);
    aheadMs = MINUTE_MS;
    other.time.skip(MINUTE_MS);
    await other.client.assign('checkout', ASKED);
    expect(impressions(collector)).toBe(1);
  });

  it('because its answer is late, the page gets the claimed variant', async () => {
    const { collector, processes } = await fleet(1, { exposures: createMemoryExposures() });
    const [{ client }] = processes as [Rig];
    await client.assign('checkout', { ...ASKED, record: false });
    collector.faults.next({ kind: 'hang' });
    const time = holdTime();
    const asked = client.assign('checkout', { ...ASKED, timeoutMs: 2_000 });
    await time.until(() => collector.requestsTo(PATH) === 2);
    await time.pass(2_000);
    expect(await time.settle(asked)).toMatchObject({ reason: 'assigned' });
  });
});

describe('in an outage of the service', () => {
  const outage = (collector: Collector): void => collector.faults.set(() => ({ kind: 'status', status: 503 }));
  const SHOP = 'https://shop.example';

  it('a visitor keeps the last variant, marked as sticky, in every process and session', async () => {
    const { collector, processes } = await fleet(2, { exposures: createMemoryExposures() });
    const [one, other] = processes as [Rig, Rig];
    const given = await one.client.assign('checkout', { ...ASKED, url: `${SHOP}/cart?step=1` });
    outage(collector);
    const url = `${SHOP}/cart?step=2`;
    for (const { client } of [other, one]) {
      expect(await client.assign('checkout', { ...ASKED, sessionId: 's2', url })).toEqual({
        ...JSON.parse(JSON.stringify(given)),
        reason: 'sticky',
        exposed: false,
      });
    }
    expect(impressions(collector)).toBe(1);
    expect(other.warnings).toEqual([expect.stringContaining('HTTP 503. Visitors keep the variant they had.')]);

    collector.faults.clear();
    expect(await other.client.assign('checkout', { ...ASKED, sessionId: 's2', url })).toMatchObject({
      reason: 'assigned',
    });
    expect(impressions(collector)).toBe(2);
  });

  it('a visitor whose answer is late keeps it too, within the timeout', async () => {
    const exposures = createMemoryExposures();
    const recall = vi.spyOn(exposures, 'recall');
    const { collector, processes } = await fleet(2, { exposures });
    const [one, other] = processes as [Rig, Rig];
    await one.client.assign('checkout', ASKED);
    const before = collector.requestsTo(PATH);
    collector.faults.set(() => ({ kind: 'hang' }));
    const time = holdTime();
    const asked = other.client.assign('checkout', { ...ASKED, timeoutMs: 2_000 });
    await time.until(() => collector.requestsTo(PATH) === before + 1);
    await time.pass(1_999);
    // Keys are hashed on a thread of their own, which takes as long as it takes.
    await time.until(() => recall.mock.settledResults.some(({ type }) => type === 'fulfilled'));
    await time.pass(1);
    expect(await time.settle(asked)).toMatchObject({ reason: 'sticky' });
  });

  it('a visitor keeps it in the same process without a store', async () => {
    const { collector, client, time } = await rig({ collector: { goal: 'purchase', experiments: [checkout] } });
    await client.assign('checkout', ASKED);
    time.skip(2 * MINUTE_MS);
    outage(collector);
    expect(await client.assign('checkout', ASKED)).toMatchObject({ inExperiment: true, reason: 'sticky' });
    time.skip(24 * HOUR_MS);
    expect(await client.assign('checkout', ASKED)).toMatchObject({ reason: 'fallback' });
  });

  it('no visitor gets a variant on another page, or one that the service has removed', async () => {
    const { collector, processes } = await fleet(2, { exposures: createMemoryExposures() });
    const [one, other] = processes as [Rig, Rig];
    await one.client.assign('checkout', { ...ASKED, url: `${SHOP}/cart` });
    await until(() => impressions(collector) === 1);
    collector.faults.next({ kind: 'status', status: 200, body: { success: true, in_experiment: false } });
    one.time.skip(2 * MINUTE_MS);
    expect(await one.client.assign('checkout', { ...ASKED, url: `${SHOP}/cart` })).toMatchObject({
      reason: 'not_assigned',
    });
    outage(collector);
    for (const path of ['/cart', '/home']) {
      for (const { client } of [one, other]) {
        one.time.skip(2 * MINUTE_MS);
        expect(await client.assign('checkout', { ...ASKED, url: SHOP + path })).toMatchObject({ reason: 'fallback' });
      }
    }
  });

  it('no visitor gets a variant that the service has removed, if another process has assigned it', async () => {
    const { collector, processes } = await fleet(2, { exposures: createMemoryExposures() });
    const [one, other] = processes as [Rig, Rig];
    await one.client.assign('checkout', ASKED);
    collector.faults.next({ kind: 'status', status: 200, body: { success: true, in_experiment: false } });
    expect(await other.client.assign('checkout', ASKED)).toMatchObject({ reason: 'not_assigned' });
    outage(collector);
    other.time.skip(2 * MINUTE_MS);
    expect(await other.client.assign('checkout', ASKED)).toMatchObject({ reason: 'fallback' });
  });

  it.each([400, 401, 404])('HTTP %s is not an outage: the visitor gets the fallback', async (status) => {
    const { collector, client, time } = await rig({ collector: { goal: 'purchase', experiments: [checkout] } });
    await client.assign('checkout', ASKED);
    time.skip(2 * MINUTE_MS);
    collector.faults.next({ kind: 'status', status });
    expect(await client.assign('checkout', ASKED)).toMatchObject({ reason: 'fallback' });
  });

  it('an invalid value in the store is not an assignment', async () => {
    for (const text of ['', 'null', '{"inExperiment":true}', '[', '{"variantName":"x"}']) {
      const exposures = { ...createMemoryExposures(), recall: async () => text };
      const { collector, processes } = await fleet(1, { exposures });
      outage(collector);
      expect(await processes[0]?.client.assign('checkout', ASKED)).toMatchObject({ reason: 'fallback' });
    }
  });

  it('if the store does not answer either, the visitor gets the fallback', async () => {
    const exposures = { ...createMemoryExposures(), recall: silent };
    const { collector, processes } = await fleet(1, { exposures, exposuresTimeoutMs: 20 });
    const [{ client }] = processes as [Rig];
    outage(collector);
    const time = holdTime();
    expect(await time.settle(client.assign('checkout', ASKED), 1)).toMatchObject({ reason: 'fallback' });
  });
});
