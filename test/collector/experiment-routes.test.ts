import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createExperimentActions, isProblem } from '../../src/collector/experiments/actions.js';
import type { Answer } from '../../src/collector/http/answer.js';
import { experimentRoutes } from '../../src/collector/http/experiment-routes.js';
import type { DailyReport, ExperimentReport } from '../../src/collector/report.js';
import { createExperimentMemory } from './experiment-memory.js';

const NOW = Date.UTC(2026, 0, 31, 12);
const BASE = '/platform/v1/experiments';

const posted = {
  key: 'checkout',
  name: 'New checkout',
  type: 'multivariate',
  variants: [{ name: 'C' }, { name: 'T', weight: 7 }, { name: 'U', weight: 33 }],
  metrics: { primary: { eventName: 'purchase' }, secondary: [{ eventName: 'add_to_cart' }] },
  targeting: {
    urls: ['/cart'],
    query: [{ parameter: 'plan', operator: 'regex', value: '^pro$' }],
    visitors: 'new',
  },
  trafficAllocation: 14,
};

const report: ExperimentReport = {
  id: 'exp_1',
  key: 'checkout',
  name: 'New checkout',
  variants: [
    {
      id: 'variant_C',
      name: 'C',
      isControl: true,
      impressions: 10,
      conversions: 1,
      conversionRate: 0.1,
      probabilityToBeBest: 1,
      expectedLoss: 0,
      interval95: { low: 0.02, high: 0.4 },
      secondary: new Map([['add_to_cart', 3]]),
    },
  ],
  hasEnoughData: false,
  sampleRatio: { p: 1, isMismatch: false },
};

const days: DailyReport = { days: [{ date: '2026-01-31', variants: [] }] };

/** The routes over experiments in memory, with an insight that remembers what it was asked. */
function platform() {
  let ids = 0;
  const asked: unknown[] = [];
  const experiments = createExperimentMemory();
  const actions = createExperimentActions({ store: experiments, now: () => NOW, randomId: () => String(++ids) });
  const insight = {
    results(...question: unknown[]) {
      asked.push(question);
      return report;
    },
    daily(...question: unknown[]) {
      asked.push(question);
      return days;
    },
  };
  const routes = experimentRoutes({ experiments, actions, insight, now: () => NOW });
  const send = (method: string, path: string, body?: unknown): Answer => {
    const url = new URL(`http://localhost${BASE}${path}`);
    for (const route of routes) {
      const pattern = new RegExp(`^${route.path.replace(':id', '(?<id>[^/]+)')}$`);
      const match = route.method === method ? pattern.exec(url.pathname) : null;
      if (match !== null) return route.handle({ url, params: { ...match.groups }, headers: {}, body });
    }
    throw new Error(`no route for ${method} ${path}`);
  };
  return { send, asked, experiments, actions };
}

function created(body: unknown = posted) {
  const all = platform();
  expect(all.send('POST', '', body)).toMatchObject({ status: 201 });
  return all;
}

describe('the experiments API', () => {
  it('creates a draft and tells of it as it was posted', () => {
    const { send } = platform();
    const body = {
      ...posted,
      id: 'exp_1',
      status: 'draft',
      variants: [
        { id: 'variant_C', name: 'C', weight: 60, isControl: true },
        { id: 'variant_T', name: 'T', weight: 7, isControl: false },
        { id: 'variant_U', name: 'U', weight: 33, isControl: false },
      ],
      startedAt: null,
      stoppedAt: null,
      winnerVariantId: null,
    };
    expect(send('POST', '', posted)).toEqual({ status: 201, body });
    expect(send('GET', '')).toEqual({ status: 200, body: { experiments: [body] } });
    for (const id of ['exp_1', 'checkout']) expect(send('GET', `/${id}`)).toEqual({ status: 200, body });
  });

  it('creates a draft of nothing but a key', () => {
    expect(created({ key: 'idea' }).send('GET', '/idea').body).toMatchObject({
      name: 'idea',
      type: 'ab',
      variants: [],
      metrics: { primary: null, secondary: [] },
      targeting: { urls: [], query: [], visitors: 'all' },
      trafficAllocation: 100,
    });
  });

  it('refuses a key that exists, in a new experiment and in another that changes', () => {
    const { send } = created();
    send('POST', '', { key: 'other' });
    const refusal = { status: 409, body: { success: false, error: 'key: another experiment has it already.' } };
    expect(send('POST', '', posted)).toEqual(refusal);
    expect(send('PATCH', '/other', { key: 'checkout' })).toEqual(refusal);
    expect(send('PATCH', '/other', { key: 'other', name: 'Mine' })).toMatchObject({ status: 200 });
  });

  it('takes an experiment through its life', () => {
    const { send } = created();
    expect(send('POST', '/checkout/start').body).toMatchObject({
      status: 'running',
      startedAt: '2026-01-31T12:00:00.000Z',
      stoppedAt: null,
    });
    expect(send('POST', '/checkout/pause').body).toMatchObject({ status: 'paused' });
    expect(send('POST', '/checkout/resume').body).toMatchObject({ status: 'running' });
    expect(send('PATCH', '/checkout', { trafficAllocation: 50 }).body).toMatchObject({ trafficAllocation: 50 });
    expect(send('POST', '/checkout/stop').body).toMatchObject({
      status: 'completed',
      stoppedAt: '2026-01-31T12:00:00.000Z',
    });
    expect(send('POST', '/checkout/declare-winner', { variantId: 'variant_T' }).body).toMatchObject({
      winnerVariantId: 'variant_T',
    });
    expect(send('GET', '/checkout').body).toMatchObject({ status: 'completed', winnerVariantId: 'variant_T' });
  });

  it('starts an experiment once', () => {
    const { send } = created();
    expect(['/start', '/start'].map((path) => send('POST', `/checkout${path}`).status)).toEqual([200, 409]);
  });

  it.each([
    ['a goal', { key: 'idea', variants: posted.variants }],
    ['two variants', { key: 'idea', variants: [{ name: 'C' }], metrics: posted.metrics }],
  ])('does not start one without %s, in the documented words', (_, draft) => {
    const { send } = created(draft);
    expect(send('POST', '/idea/start')).toEqual({
      status: 400,
      body: {
        success: false,
        error: 'Starting an experiment needs a primary metric event name and at least two variants.',
      },
    });
    expect(send('GET', '/idea').body).toMatchObject({ status: 'draft' });
  });

  it.each([
    ['PATCH', '/completed', { name: 'New' }, 409],
    ['POST', '/completed/start', undefined, 409],
    ['POST', '/completed/declare-winner', { variantId: 'variant_X' }, 400],
    ['POST', '/completed/declare-winner', { variantId: 7 }, 400],
    ['POST', '/completed/declare-winner', null, 400],
    ['GET', '/nobody', undefined, 404],
    ['PATCH', '/nobody', { name: 'New' }, 404],
    ['PATCH', '/nobody', 'New', 400],
    ['POST', '/nobody/start', undefined, 404],
    ['POST', '/nobody/declare-winner', { variantId: 'variant_T' }, 404],
    ['GET', '/nobody/results', undefined, 404],
    ['GET', '/nobody/results-time-series', undefined, 404],
  ])('answers %s %s with %o: %i', (method, path, body, status) => {
    const { send } = created({ ...posted, key: 'completed' });
    send('POST', '/completed/start');
    send('POST', '/completed/stop');
    const before = send('GET', '').body;
    expect(send(method, path, body)).toMatchObject({ status, body: { success: false, error: expect.any(String) } });
    expect(send('GET', '').body).toEqual(before);
  });

  it.each<[string, unknown]>([
    ['key', {}],
    ['key', { key: '' }],
    ['key', { key: 'half \ud83d' }],
    ['key', { key: 'k'.repeat(1001) }],
    ['type', { type: 'abc' }],
    ['variants.1.name', { variants: [{ name: 'C' }, {}] }],
    ['variants', { variants: [{ name: 'C' }, { name: 'C' }] }],
    [
      'variants',
      {
        variants: [
          { name: 'C', id: '1' },
          { name: 'T', id: '1' },
        ],
      },
    ],
    [
      'variants',
      {
        variants: [
          { name: 'C', isControl: false },
          { name: 'T', isControl: false },
        ],
      },
    ],
    [
      'variants',
      {
        variants: [
          { name: 'C', weight: 20 },
          { name: 'T', weight: 20 },
        ],
      },
    ],
    ['variants', { variants: Array.from({ length: 51 }, (_, i) => ({ name: `v${i}` })) }],
    ['variants.0.weight', { variants: [{ name: 'C', weight: -1 }] }],
    ['metrics.primary.eventName', { metrics: { primary: { eventName: '$identify' } } }],
    ['metrics.secondary.0', { metrics: { secondary: ['purchase'] } }],
    ['targeting.urls.0', { targeting: { urls: ['/a'.repeat(400)] } }],
    ['targeting.query.0.operator', { targeting: { query: [{ parameter: 'a', operator: 'like' }] } }],
    ['targeting.query.0', { targeting: { query: [{ parameter: 'a', operator: 'equals' }] } }],
    ['targeting.query.0', { targeting: { query: [{ parameter: 'a', operator: 'regex', value: '(' }] } }],
    ['targeting.visitors', { targeting: { visitors: 'some' } }],
    ['trafficAllocation', { trafficAllocation: 101 }],
    ['trafficAlocation', { trafficAlocation: 10 }],
  ])('names %s when it is wrong: %j', (field, wrong) => {
    const { send } = platform();
    const isAboutKey = field === 'key';
    const answer = send('POST', '', isAboutKey ? wrong : { key: 'idea', ...(wrong as object) });
    expect(answer).toMatchObject({ status: 400, body: { error: expect.stringContaining(field) } });
    expect(send('GET', '').body).toEqual({ experiments: [] });
  });

  it('makes a problem or an experiment of anything, and repeats little of it', () => {
    const hostile = fc.oneof(
      fc.anything(),
      fc.constantFrom('<script>', '__proto__', '\u0000', '\ud83d', 1e308, -0, ''),
    );
    const field = <T>(likely: T) => fc.oneof({ weight: 3, arbitrary: fc.constant(likely) }, hostile);
    const object = (fields: Record<string, fc.Arbitrary<unknown>>) =>
      fc.oneof({ weight: 4, arbitrary: fc.record(fields, { requiredKeys: [] }) }, hostile);
    const variant = object({ name: fc.oneof(fc.string(), hostile), weight: field(50), isControl: field(false) });
    const rule = object({ parameter: field('a'), operator: field('regex'), value: fc.oneof(fc.string(), hostile) });
    const input = object({
      key: field('checkout'),
      name: hostile,
      type: field('ab'),
      variants: fc.oneof(fc.array(variant), hostile),
      metrics: object({ primary: object({ eventName: hostile }), secondary: fc.array(object({ eventName: hostile })) }),
      targeting: object({ urls: fc.array(fc.string()), query: fc.array(rule), visitors: field('all') }),
      trafficAllocation: field(50),
      [`${'x'.repeat(1000)}`]: hostile,
    });
    fc.assert(
      fc.property(input, input, (first, second) => {
        const { actions, experiments } = platform();
        for (const result of [actions.create(first), actions.edit('checkout', second)]) {
          if (isProblem(result)) expect(result.message.length).toBeLessThan(400);
          else expect(experiments.find(result.id)).toBe(result);
        }
        for (const { variants, allocation } of experiments.list()) {
          const sum = variants.reduce((total, { share }) => total + share, 0);
          expect(sum).toBeCloseTo(variants.length === 0 ? 0 : 1, 9);
          expect(variants.filter(({ isControl }) => isControl)).toHaveLength(Math.min(variants.length, 1));
          expect(allocation).toBeGreaterThanOrEqual(0);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('takes back what it has told', () => {
    const { send } = created({ ...posted, variants: [{ name: 'C' }, { name: 'T' }, { name: 'U' }] });
    send('POST', '/checkout/start');
    const { variants, metrics, targeting, trafficAllocation } = send('GET', '/checkout').body as typeof posted;
    expect(send('PATCH', '/checkout', { variants, metrics, targeting, trafficAllocation })).toEqual(
      send('GET', '/checkout'),
    );
  });
});

describe('results', () => {
  it('are the documented fields and what the collector knows in addition', () => {
    const { send } = created();
    const [{ secondary: _, ...variant }] = report.variants as [ExperimentReport['variants'][0]];
    expect(send('GET', '/checkout/results')).toEqual({
      status: 200,
      body: { variants: [variant], hasEnoughData: false, sampleRatio: { p: 1, isMismatch: false } },
    });
  });

  it.each([
    ['', undefined],
    ['?eventName=', undefined],
    ['?eventName=add%20to%20cart', 'add to cart'],
  ])('are those of the event that is asked for: %o', (query, eventName) => {
    const { send, asked, experiments } = created();
    const found = experiments.find('checkout');
    send('GET', `/checkout/results${query}`);
    send('GET', `/checkout/results-time-series${query}`);
    expect(asked).toEqual([
      [found, eventName],
      [found, '2026-01-02', '2026-01-31', eventName],
    ]);
  });

  it.each([
    ['from=2026-01-05&to=2026-01-07', '2026-01-05', '2026-01-07'],
    ['from=2026-01-31', '2026-01-31', '2026-01-31'],
    ['to=2025-03-01', '2025-01-31', '2025-03-01'],
    ['from=2024-01-01&to=2024-12-31', '2024-01-01', '2024-12-31'],
  ])('of days are those of %s', (query, from, to) => {
    const { send, asked } = created();
    expect(send('GET', `/checkout/results-time-series?${query}`)).toEqual({ status: 200, body: days });
    expect(asked).toMatchObject([[{ key: 'checkout' }, from, to, undefined]]);
  });

  it.each([
    ['from=2023-12-31&to=2024-12-31', 'at most 366'],
    ['from=2026-01-02&to=2026-01-01', 'swap the two dates'],
    ['from=2026-02-01', 'swap the two dates'],
    ['from=yesterday', 'from'],
    ['to=2026-02-30', 'to'],
    ['to=2026-13-01', 'to'],
    ['to=2026-1-1', 'to'],
    ['to=-000001-01-01', 'no date'],
    ['to=0000-01-01', 'from'],
  ])('of days are refused for %s', (query, error) => {
    const { send, asked } = created();
    expect(send('GET', `/checkout/results-time-series?${query}`)).toMatchObject({
      status: 400,
      body: { success: false, error: expect.stringContaining(error) },
    });
    expect(asked).toEqual([]);
  });
});
