import { describe, expect, it } from 'vitest';
import { resolveExperiment } from '../../../src/collector/experiments/config.js';
import type { Tally } from '../../../src/collector/measuring/measured-log.js';
import { resultNotices } from '../../../src/collector/page/result-notices.js';
import { createLogReader } from '../../../src/collector/queries/log-reader.js';
import { bestOf, measureExperiment } from '../../../src/collector/queries/report.js';
import { createExperimentStore } from '../../../src/collector/store/experiment-store.js';
import { createMeasurements } from '../../../src/collector/store/measured/measurements.js';
import { watchRows } from '../../support/watch-rows.js';
import { post, postRows, row, started } from '../posting.js';
import { openStore } from '../store/opened-store.js';

const experiments = [
  { key: 'checkout', variants: [{ name: 'C' }, { name: 'T', weight: 99 }], secondary: ['add_to_cart'] },
];

async function exposed() {
  const collector = await started({ experiments, goal: 'purchase' });
  await post(collector, '/experiments/assignments/checkout', { token: 'exp_shop', visitor_id: 'visitor-1' });
  return collector;
}

describe('the report', () => {
  it('follows a purchase from the server-side assignment to the variant', async () => {
    const collector = await exposed();
    await postRows(collector, row({ event: 'add_to_cart', distinctId: 'c' }), row());
    const {
      experiments: [checkout],
      events,
    } = collector.report();
    const treatment = checkout?.variants.find(({ name }) => name === 'T');
    expect(treatment).toMatchObject({ impressions: 1, conversions: 1, conversionRate: 1, isControl: false });
    expect(treatment?.secondary.get('add_to_cart')).toBe(1);
    expect(checkout).toMatchObject({ hasEnoughData: false, sampleRatio: { isMismatch: false } });
    expect(events.map(({ verdict, warnings }) => [verdict, ...warnings])).toEqual([
      [undefined, 'impression_session_inferred'],
      ['secondary_counted'],
      ['counted'],
    ]);
  });

  it.each([
    ['an identify', { userId: 'visitor-1', externalId: '42', userProperties: {} }],
    ['an address among the properties', { userId: 'visitor-1', userProperties: { email: 'A@example.org' } }],
  ])('finds a visitor by the names of %s', async (_, identify) => {
    const collector = await exposed();
    await post(collector, '/identify', { token: 'test_shop', ...identify });
    const { userId: _userId, ...nameless } = row();
    const name = 'externalId' in identify ? { externalId: '42' } : { email: 'a@example.org' };
    await postRows(collector, { ...nameless, ...name });
    expect(collector.report().events.at(-1)?.verdict).toBe('counted');
  });

  it('reads sessions and bots from the default properties', async () => {
    const collector = await started({ experiments, goal: 'purchase', bots: 'block' });
    await post(collector, '/experiments/assignments/checkout', { token: 'exp_shop', visitor_id: 'visitor-1' });
    await postRows(
      collector,
      row({ distinctId: 'a', defaultProperties: { sid: 'undefined' } }),
      row({ distinctId: 'b', defaultProperties: { sid: 'sid_1', is_bot: true } }),
      row({ distinctId: 'c', defaultProperties: { sid: 'sid_1' } }),
      row({ distinctId: 'd', defaultProperties: { sid: '1' } }),
    );
    expect(collector.report().events.map(({ verdict }) => verdict)).toEqual([
      undefined,
      'no_session',
      'bot',
      'counted',
      'repeat_in_session',
    ]);
  });
});

describe('the events of a report', () => {
  const purchases = (count: number, from: number) =>
    Array.from({ length: count }, (_, id) => ({ event: 'purchase', userId: `${id}`, distinctId: `${from + id}` }));
  const FROM = { source: 'shop', isTest: false };

  it('are those that had arrived, whenever they are read', async () => {
    const collector = await exposed();
    await postRows(collector, row({ distinctId: 'a' }));
    const report = collector.report();
    await postRows(collector, row({ distinctId: 'b' }));
    expect(report.total).toBe(2);
    expect(report.events.map(({ verdict }) => verdict)).toEqual([undefined, 'counted']);
    expect(report.events).toBe(report.events);
    expect(collector.report().total).toBe(3);
  });

  it('cannot be read for the first time after the collector is closed', async () => {
    const collector = await exposed();
    const [read, unread] = [collector.report(), collector.report()];
    expect(read.events).toHaveLength(1);
    await collector.close();
    expect(read.events).toHaveLength(1);
    expect(() => unread.events).toThrow(expect.objectContaining({ code: 'closed' }));
  });

  it('are read some at a time', () => {
    const { store, database } = openStore();
    for (const from of [0, 1]) store.append(purchases(6_000, from * 6_000), 1_000, FROM);
    let largest = 0;
    const watched = watchRows(database, ({ length }) => {
      largest = Math.max(largest, length);
    });
    const reader = createLogReader({
      database: watched,
      experiments: createExperimentStore(database),
      measurements: createMeasurements(database),
      refused: () => [],
      now: () => 2_000,
    });
    let listed = 0;
    for (const { number } of reader.all()) if (number === listed + 1) listed += 1;
    expect(listed).toBe(12_000);
    // A step takes its last visitor whole.
    expect(largest).toBeLessThanOrEqual(5_001);
  });
});

describe('a variant with a weight of 0', () => {
  const experiment = resolveExperiment(
    {
      key: 'x',
      variants: [
        { name: 'a', weight: 50 },
        { name: 'off', weight: 0 },
        { name: 'b', weight: 50 },
      ],
    },
    'purchase',
    0,
  );
  const tally = (conversions: number, impressions: number): Tally => ({
    conversions,
    impressions,
    secondary: new Map(),
  });
  const measured = (off: Tally) =>
    measureExperiment(experiment, {
      tallies: new Map([
        [
          'x',
          new Map([
            ['a', tally(10, 200)],
            ['off', off],
            ['b', tally(20, 200)],
          ]),
        ],
      ]),
    });

  it('is never the best, whatever its counts, and does not affect the others', () => {
    const [unseen, lucky] = [measured(tally(0, 0)), measured(tally(200, 200))];
    for (const { variants } of [unseen, lucky]) {
      const [a, off, b] = variants.map(({ probabilityToBeBest }) => probabilityToBeBest);
      expect(off).toBe(0);
      expect(a! + b!).toBeCloseTo(1, 12);
      expect(bestOf(variants).name).toBe('b');
    }
    expect(lucky.variants.map(({ expectedLoss }) => expectedLoss)[0]).toBe(unseen.variants[0]!.expectedLoss);
  });

  it('does not need data, and is not listed as missing', () => {
    const report = measured(tally(0, 0));
    expect(report.hasEnoughData).toBe(true);
    const few = {
      ...report,
      hasEnoughData: false,
      variants: report.variants.map((one) => ({ ...one, impressions: 3 })),
    };
    const notices = resultNotices(experiment, few).toString();
    expect(notices).toContain('>a<');
    expect(notices).not.toContain('off');
  });
});
