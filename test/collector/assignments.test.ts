import { describe, expect, it } from 'vitest';
import { isTargeted } from '../../src/collector/experiments/targeting.js';
import type { Collector, ExperimentConfig } from '../../src/collector/index.js';
import { createCollector } from '../../src/collector/index.js';
import { post, started } from './posting.js';

const NOW = Date.UTC(2026, 0, 15, 12);
const OUT = { success: true, in_experiment: false };

function experiment(overrides: Partial<ExperimentConfig> = {}): ExperimentConfig {
  return { key: 'checkout', variants: [{ name: 'C' }, { name: 'T', weight: 99 }], primary: 'purchase', ...overrides };
}

async function assign(collector: Collector, request: Record<string, unknown> = {}): Promise<unknown> {
  const body = { token: 'exp_shop', visitor_id: 'v', ...request };
  return (await post(collector, '/experiments/assignments/checkout', body)).body;
}

describe('an assignment', () => {
  it('tells everything about the variant and records an impression', async () => {
    const collector = await started({ experiments: [experiment({ id: 'e1', name: 'New checkout' })], now: () => NOW });
    expect(await assign(collector)).toEqual({
      success: true,
      in_experiment: true,
      experiment_id: 'e1',
      experiment_key: 'checkout',
      experiment_name: 'New checkout',
      variant_id: 'variant_T',
      variant_name: 'T',
      is_control: false,
      type: 'ab',
    });
    expect(collector.events()).toEqual([
      {
        event: '$experiment_impression',
        userId: 'v',
        eventProperties: {
          experiment_id: 'e1',
          experiment_key: 'checkout',
          variant_id: 'variant_T',
          variant_name: 'T',
        },
        time: NOW,
        receivedAt: NOW,
      },
    ]);
  });

  it('records nothing when it is only read', async () => {
    const collector = await started({ experiments: [experiment()] });
    expect(await assign(collector, { track_impression: false })).toMatchObject({ in_experiment: true });
    expect(collector.events()).toEqual([]);
  });

  it.each<[string, Partial<ExperimentConfig>]>([
    ['outside the allocation', { allocation: 0 }],
    ['on other pages', { urls: ['/cart'] }],
    ['before the start', { startedAt: NOW + 1 }],
    ['from the stop on', { stoppedAt: NOW }],
    ['during a pause', { pauses: [[NOW - 1, NOW + 1]] }],
    ['while it is a draft', { status: 'draft' }],
    ['while it is paused', { status: 'paused' }],
    ['when it is completed', { status: 'completed' }],
  ])('is out of the experiment %s, which is not the control, and records nothing', async (_, overrides) => {
    const collector = await started({ experiments: [experiment(overrides)], now: () => NOW });
    expect(await assign(collector, { context: { url: 'https://shop.example/' } })).toEqual(OUT);
    expect(collector.events()).toEqual([]);
  });

  it('outlives a pause for those who had it before', async () => {
    let time = NOW;
    const collector = await started({
      experiments: [experiment({ pauses: [[NOW + 10, NOW + 20]] })],
      now: () => time,
    });
    await assign(collector);
    time = NOW + 15;
    expect(await assign(collector)).toMatchObject({ in_experiment: true });
    expect(await assign(collector, { visitor_id: 'newcomer' })).toEqual(OUT);
    time = NOW + 20;
    expect(await assign(collector, { visitor_id: 'newcomer' })).toMatchObject({ in_experiment: true });
  });

  it('is listed among the personalizations when it is one', async () => {
    const collector = await started({ experiments: [experiment({ type: 'personalization' })], now: () => NOW });
    const list = async () =>
      (await post(collector, '/experiments/personalization', { token: 'exp_shop', visitor_id: 'v' })).body;
    expect(await list()).toEqual({ success: true, personalizations: [] });
    await assign(collector);
    expect(await list()).toMatchObject({
      personalizations: [{ assigned_at: '2026-01-15T12:00:00.000Z', experiment_key: 'checkout', variant_name: 'T' }],
    });
    expect(collector.events()).toHaveLength(1);
  });
});

describe('an experiment that cannot be', () => {
  it.each<[string, unknown, string]>([
    ['has no goal', experiment({ primary: undefined }), 'has no goal'],
    ['has one variant', experiment({ variants: [{ name: 'C' }] }), 'variants'],
    ['has two variants of a name', experiment({ variants: [{ name: 'C' }, { name: 'C' }] }), 'same name'],
    [
      'has two controls',
      experiment({
        variants: [
          { name: 'C', isControl: true },
          { name: 'T', isControl: true },
        ],
      }),
      'exactly one',
    ],
    [
      'weighs too much',
      experiment({
        variants: [
          { name: 'C', weight: 60 },
          { name: 'T', weight: 60 },
        ],
      }),
      'add up to 120',
    ],
    ['starves its control', experiment({ variants: [{ name: 'C' }, { name: 'T', weight: 99.5 }] }), 'at least 1'],
    ['has a misspelled field', { ...experiment(), alocation: 5 }, 'alocation'],
  ])('is refused at the start because it %s', async (_, config, message) => {
    await expect(createCollector({ experiments: [config as ExperimentConfig] })).rejects.toThrow(message);
  });
});

describe('targeting', () => {
  it.each([
    ['/checkout', 'https://shop.example/checkout?step=2#pay', true],
    ['/checkout', '/checkout', true],
    ['/', 'https://shop.example', true],
    ['/products/*', 'https://shop.example/products/tea', true],
    ['/products/*', 'https://shop.example/products/tea/reviews', false],
    ['/products/**', 'https://shop.example/products/tea/reviews', true],
    ['https://*.example/**', 'https://shop.example/cart', true],
    ['https://shop.example/', 'https://shopXexample/', false],
  ])('matches %s with %s: %s', (glob, url, expected) => {
    expect(isTargeted([glob], url)).toBe(expected);
  });

  it('matches every page without globs, and no unknown page with them', () => {
    expect(isTargeted([], undefined)).toBe(true);
    expect(isTargeted(['**'], undefined)).toBe(false);
  });
});
