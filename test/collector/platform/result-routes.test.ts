import { describe, expect, it } from 'vitest';
import type { CollectorOptions } from '../../../src/collector/index.js';
import { runtimeDays } from '../../../src/collector/queries/days.js';
import { answered, postRows, row, started } from '../posting.js';
import { platformOf } from './platform.js';

const DAY = 24 * 60 * 60 * 1000;
const START = Date.UTC(2026, 0, 1, 12);
const { NEGATIVE_INFINITY: ALWAYS, POSITIVE_INFINITY: NEVER } = Number;

/** A collector 40 days after one visitor saw a variant, added to the cart and purchased. */
async function measured(experiment: Partial<NonNullable<CollectorOptions['experiments']>[number]> = {}) {
  let now = START;
  const variants = [{ name: 'C' }, { name: 'T' }];
  const collector = await started({
    now: () => now,
    experiments: [{ key: 'checkout', variants, primary: 'purchase', ...experiment }],
  });
  await postRows(
    collector,
    row({ event: 'landed', distinctId: 'landed' }),
    row({ distinctId: 'purchase:1', time: START + 1 }),
    row({ event: 'add_to_cart', distinctId: 'cart:1', time: START + 1 }),
  );
  const impression = {
    event: '$experiment_impression',
    visitor_id: 'visitor-1',
    distinct_id: 'impression',
    eventProperties: { experiment_key: 'checkout', variant_name: 'T' },
    defaultProperties: { sid: '1700000000000' },
  };
  await fetch(`${collector.url}/ingest`, {
    method: 'POST',
    body: JSON.stringify({ token: 'test_shop', data: [impression] }),
  });
  now += 40 * DAY;
  const send = platformOf(collector);
  const results = async (path: string) => (await send('GET', `/experiments/checkout/${path}`)).body;
  return { collector, send, results };
}

interface Days {
  readonly days: readonly { readonly date: string; readonly variants: readonly { impressions: number }[] }[];
}

describe('results', () => {
  it('have only the documented fields', async () => {
    const { results } = await measured();
    expect(await results('results')).toEqual({
      variants: ['C', 'T'].map((name) => ({
        id: `variant_${name}`,
        name,
        isControl: name === 'C',
        impressions: name === 'T' ? 1 : 0,
        conversions: name === 'T' ? 1 : 0,
        conversionRate: name === 'T' ? 1 : 0,
        probabilityToBeBest: expect.closeTo(name === 'T' ? 2 / 3 : 1 / 3, 9),
      })),
    });
  });

  it.each([
    ['', 1],
    ['?eventName=', 1],
    ['?eventName=add_to_cart', 1],
    ['?eventName=signup', 0],
  ])('are those of the given event: %o', async (query, conversions) => {
    const { results } = await measured();
    const T = { id: 'variant_T', impressions: 1, conversions };
    expect(await results(`results${query}`)).toMatchObject({ variants: [{}, T] });
    expect(((await results(`results-time-series${query}`)) as Days).days[0]).toMatchObject({ variants: [{}, T] });
  });
});

describe('results by day', () => {
  it('cover the whole runtime without dates', async () => {
    const { results } = await measured();
    const { days } = (await results('results-time-series')) as Days;
    expect([days[0]?.date, days.at(-1)?.date, days.length]).toEqual(['2026-01-01', '2026-02-10', 41]);
    expect(days.reduce((sum, { variants }) => sum + variants[1]!.impressions, 0)).toBe(1);
  });

  it.each([
    ['startDate=2026-01-01&endDate=2026-01-02', '2026-01-01', '2026-01-02'],
    ['startDate=2026-02-09', '2026-02-09', '2026-02-10'],
    ['endDate=2026-01-03', '2026-01-01', '2026-01-03'],
    ['endDate=2025-12-01', '2025-12-01', '2025-12-01'],
    ['startDate=2026-03-01', '2026-03-01', '2026-03-01'],
    ['startDate=2025-01-01&endDate=2026-01-01', '2025-01-01', '2026-01-01'],
  ])('are those of %s', async (query, from, to) => {
    const { results } = await measured();
    const { days } = (await results(`results-time-series?${query}`)) as Days;
    expect([days[0]?.date, days.at(-1)?.date]).toEqual([from, to]);
  });

  it.each([
    ['startDate=2023-12-31&endDate=2024-12-31', 'the limit is 366'],
    ['startDate=2026-01-02&endDate=2026-01-01', 'swap the two dates'],
    ['startDate=yesterday', 'startDate'],
    ['endDate=2026-02-30', 'endDate'],
    ['endDate=2026-1-1', 'endDate'],
  ])('are refused for %s', async (query, error) => {
    const { send } = await measured();
    expect(await send('GET', `/experiments/checkout/results-time-series?${query}`)).toMatchObject({
      status: 400,
      body: { success: false, error: expect.stringContaining(error) },
    });
  });

  it('redirect from their previous address', async () => {
    const { collector, results } = await measured();
    const answer = await answered(await fetch(`${collector.url}/platform/v1/experiments/checkout/results-time-series`));
    expect(answer).toMatchObject({ status: 200, body: (await results('results-time-series')) as object });
  });
});

describe('the runtime', () => {
  const now = START + 40 * DAY;

  it.each<[string, [number, number][], number | undefined, string, string]>([
    ['began with the start', [[START, NEVER]], START + DAY, '2026-01-01', '2026-02-10'],
    ['began with the first exposure when there was no start', [[ALWAYS, NEVER]], START, '2026-01-01', '2026-02-10'],
    ['is today when nothing was exposed', [[ALWAYS, NEVER]], undefined, '2026-02-10', '2026-02-10'],
    ['is today before the start', [], undefined, '2026-02-10', '2026-02-10'],
    ['ended with the stop', [[START, START + DAY]], START, '2026-01-01', '2026-01-02'],
    ['is its last 366 days when it was longer', [[START - 1000 * DAY, NEVER]], undefined, '2025-02-10', '2026-02-10'],
  ])('%s', (_, runs, firstExposure, from, to) => {
    expect(runtimeDays({ runs }, firstExposure, now)).toEqual({ from, to });
  });
});
