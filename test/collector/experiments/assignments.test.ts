import { describe, expect, it } from 'vitest';
import { assign } from '../../../src/collector/experiments/assignments.js';
import { resolveExperiment } from '../../../src/collector/experiments/config.js';
import type { Experiment } from '../../../src/collector/experiments/experiment.js';
import type { ExperimentStore } from '../../../src/collector/experiments/experiment-store.js';
import { stop } from '../../../src/collector/experiments/lifecycle.js';
import type { Collector, ExperimentConfig } from '../../../src/collector/index.js';
import { createCollector } from '../../../src/collector/index.js';
import { post, started } from '../posting.js';
import { createExperimentMemory } from './experiment-memory.js';

const NOW = Date.UTC(2026, 0, 15, 12);
const OUT = { success: true, in_experiment: false };

function experiment(overrides: Partial<ExperimentConfig> = {}): ExperimentConfig {
  return { key: 'checkout', variants: [{ name: 'C' }, { name: 'T', weight: 99 }], primary: 'purchase', ...overrides };
}

async function ask(collector: Collector, request: Record<string, unknown> = {}): Promise<unknown> {
  const body = { token: 'exp_shop', visitor_id: 'v', ...request };
  return (await post(collector, '/experiments/assignments/checkout', body)).body;
}

describe('an assignment', () => {
  it('returns all fields of the variant and records an impression', async () => {
    const collector = await started({ experiments: [experiment({ id: 'e1', name: 'New checkout' })], now: () => NOW });
    expect(await ask(collector)).toEqual({
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

  it('records nothing if the impression is not tracked', async () => {
    const collector = await started({ experiments: [experiment()] });
    expect(await ask(collector, { track_impression: false })).toMatchObject({ in_experiment: true });
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
  ])('is not in the experiment %s, unlike the control, and records nothing', async (_, overrides) => {
    const collector = await started({ experiments: [experiment(overrides)], now: () => NOW });
    expect(await ask(collector, { context: { url: 'https://shop.example/' } })).toEqual(OUT);
    expect(collector.events()).toEqual([]);
  });

  it('survives a pause', async () => {
    let time = NOW;
    const collector = await started({
      experiments: [experiment({ pauses: [[NOW + 10, NOW + 20]] })],
      now: () => time,
    });
    await ask(collector);
    time = NOW + 15;
    expect(await ask(collector)).toMatchObject({ in_experiment: true });
    expect(await ask(collector, { visitor_id: 'newcomer' })).toEqual(OUT);
    time = NOW + 20;
    expect(await ask(collector, { visitor_id: 'newcomer' })).toMatchObject({ in_experiment: true });
  });

  it('is listed in the personalizations if it is one', async () => {
    const collector = await started({ experiments: [experiment({ type: 'personalization' })], now: () => NOW });
    const list = async () =>
      (await post(collector, '/experiments/personalization', { token: 'exp_shop', visitor_id: 'v' })).body;
    expect(await list()).toEqual({ success: true, personalizations: [], properties: {} });
    await ask(collector);
    expect(await list()).toMatchObject({
      personalizations: [{ assigned_at: NOW, experiment_key: 'checkout', variant_name: 'T' }],
    });
    expect(collector.events()).toHaveLength(1);
  });
});

describe('a visitor is returning', () => {
  const MINUTE = 60_000;

  it.each([
    ['never, on a first visit', [], false],
    ['not within one long session', [0, 25, 50, 75], false],
    ['after a break of more than 30 minutes', [0, 31, 32], true],
    ['after an earlier visit, even if this one has begun', [0, 60, 65], true],
    ['more than six hours after the first event, however active', Array.from({ length: 20 }, (_, at) => at * 20), true],
  ])('%s', async (_, minutes, expected) => {
    const now = NOW + (minutes.at(-1) ?? 0) * MINUTE + 1;
    const collector = await started({
      experiments: [experiment({ visitors: 'new' }), experiment({ key: 'welcome_back', visitors: 'returning' })],
      now: () => now,
    });
    for (const minute of minutes) {
      await post(collector, '/track', { token: 't', event: 'seen', userId: 'v', time: NOW + minute * MINUTE });
    }
    const body = { token: 'exp_shop', visitor_id: 'v', track_impression: false };
    const { body: back } = await post(collector, '/experiments/assignments/welcome_back', body);
    expect(await ask(collector)).toMatchObject({ in_experiment: !expected });
    expect(back).toMatchObject({ in_experiment: expected });
  });
});

describe('an assigned visitor', () => {
  const running = resolveExperiment(experiment({ startedAt: 0 }), undefined, 0);
  const world = (experiments: ExperimentStore, now = 100, isReturning = false) => ({
    experiments,
    now: () => now,
    isReturning: () => isReturning,
  });
  const visitors = Array.from({ length: 300 }, (_, i) => `visitor-${i}`);

  it('keeps the variant when the allocation shrinks or the weights change', () => {
    const store = createExperimentMemory();
    const before = visitors.map((visitor_id) => assign(running, { visitor_id }, world(store))?.name);
    const shrunk = { ...running, allocation: 0, variants: running.variants.toReversed() };
    expect(visitors.map((visitor_id) => assign(shrunk, { visitor_id }, world(store))?.name)).toEqual(before);
  });

  it('gets the same variant in every store, and keeps it when the allocation grows', () => {
    const halved = { ...running, allocation: 0.5 };
    const before = visitors.map((visitor_id) => assign(halved, { visitor_id }, world(createExperimentMemory()))?.name);
    const after = visitors.map((visitor_id) => assign(running, { visitor_id }, world(createExperimentMemory()))?.name);
    expect(before.filter((name) => name === undefined).length).toBeGreaterThan(100);
    expect(before.every((name, i) => name === undefined || name === after[i])).toBe(true);
  });

  it.each([
    ['all', false, true],
    ['all', true, true],
    ['new', false, true],
    ['new', true, false],
    ['returning', false, false],
    ['returning', true, true],
  ] as const)('for %s visitors and returning (%s): included %s', (wanted, isReturning, expected) => {
    const targeted = { ...running, targeting: { ...running.targeting, visitors: wanted } };
    const given = assign(targeted, { visitor_id: 'v' }, world(createExperimentMemory(), 100, isReturning));
    expect(given !== undefined).toBe(expected);
  });

  it('keeps the variant when returning', () => {
    const targeted = { ...running, targeting: { ...running.targeting, visitors: 'new' as const } };
    const store = createExperimentMemory();
    const first = assign(targeted, { visitor_id: 'v' }, world(store));
    expect(first).toBeDefined();
    expect(assign(targeted, { visitor_id: 'v' }, world(store, 200, true))).toEqual(first);
  });

  it('gets no variant after the stop', () => {
    const store = createExperimentMemory();
    assign(running, { visitor_id: 'v' }, world(store));
    const stopped = stop(running, 200) as Experiment;
    expect(assign(stopped, { visitor_id: 'v' }, world(store, 199))).toBeDefined();
    expect(assign(stopped, { visitor_id: 'v' }, world(store, 200))).toBeUndefined();
  });
});

describe('a configured draft', () => {
  it('needs no goal and no variants', () => {
    expect(resolveExperiment({ key: 'idea', status: 'draft', variants: [] }, undefined, NOW)).toMatchObject({
      status: 'draft',
      primary: undefined,
      runs: [],
    });
  });
});

it('an experiment cannot have the key or id of another', async () => {
  const one = experiment({});
  await expect(createCollector({ experiments: [one, one] })).rejects.toThrow('same key or id');
  const other = { ...one, key: 'other', id: 'x' };
  await expect(createCollector({ experiments: [{ ...one, id: 'x' }, other] })).rejects.toThrow('same key or id');
});

describe('an invalid experiment', () => {
  it.each<[string, unknown, string]>([
    [
      'has no goal',
      experiment({ primary: undefined }),
      'experiment checkout: Starting an experiment needs a primary metric',
    ],
    ['has one variant', experiment({ variants: [{ name: 'C' }] }), 'at least two variants'],
    [
      'has an invalid regular expression',
      experiment({ query: [{ parameter: 'q', operator: 'regex', value: '(' }] }),
      'query.0',
    ],
    ['has no key', { variants: [] }, 'experiment: key'],
    ['has two variants of a name', experiment({ variants: [{ name: 'C' }, { name: 'C' }] }), 'same name'],
    [
      'has two controls',
      experiment({
        variants: [
          { name: 'C', isControl: true },
          { name: 'T', isControl: true },
        ],
      }),
      'exactly one must be',
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
    [
      'has no room for its control',
      experiment({ variants: [{ name: 'C' }, { name: 'T', weight: 100 }] }),
      'at least 1',
    ],
    ['has a misspelled field', { ...experiment(), alocation: 5 }, 'alocation'],
  ])('is refused at the start because it %s', async (_, config, message) => {
    await expect(createCollector({ experiments: [config as ExperimentConfig] })).rejects.toThrow(message);
  });
});
