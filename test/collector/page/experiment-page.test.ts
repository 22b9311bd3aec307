import { describe, expect, it } from 'vitest';
import { IMPRESSION_EVENT } from '../../../src/protocol/wire.js';
import { ask, createWorld, NOW, type Sent, textOf, type World } from './page-world.js';

const DAY = 24 * 60 * 60 * 1000;
const checkout = {
  key: 'checkout',
  variants: [{ name: 'Control' }, { name: 'Treatment' }],
  secondary: ['add_to_cart'],
  startedAt: NOW - 2 * DAY,
};

/** Sessions that saw a variant, `conversions` of them with the goal. */
function sessions(variant: string, impressions: number, conversions: number, goal = 'purchase'): Sent[] {
  return Array.from({ length: impressions }, (_, i): Sent[] => {
    const seen = { userId: `${variant}-${i}`, defaultProperties: { sid: '1' } };
    const eventProperties = { experiment_key: 'checkout', variant_name: variant };
    const impression = { ...seen, event: IMPRESSION_EVENT, ago: DAY, eventProperties };
    return i < conversions ? [impression, { ...seen, event: goal, ago: DAY - 60_000 }] : [impression];
  }).flat();
}

function worldOf(...sent: Sent[]): World {
  const world = createWorld([checkout]);
  world.arrive(...sent);
  return world;
}

/** The cells of the results by variant. */
function tableOf(page: string): string[][] {
  const table = /<table class="results">.*?<\/table>/s.exec(page)![0];
  return table
    .split('<tr>')
    .slice(2)
    .map((row) => [...row.matchAll(/<t[hd].*?<\/t[hd]>/gs)].map(([cell]) => textOf(cell)));
}

function plotsOf(page: string) {
  return [...page.matchAll(/data-plot="([^"]*)"/g)].map(([, json]) => JSON.parse(json!.replaceAll('&quot;', '"')));
}

describe('the results of an experiment', () => {
  it('are shown in a table with all figures of each variant', () => {
    const world = worldOf(...sessions('Control', 200, 20), ...sessions('Treatment', 200, 50));
    const page = ask(world, 'GET', '/experiments/checkout').text;
    expect(tableOf(page)).toEqual([
      ['Control control', '200', '20', '10.0 %', '6.58 % to 14.9 %', '< 0.1 %', '15 pp', '0'],
      ['Treatment', '200', '50', '25.0 %', '19.5 % to 31.4 %', '> 99.9 %', '< 0.0001 pp', '0'],
    ]);
  });

  it('name the best variant', () => {
    const world = worldOf(...sessions('Control', 200, 20), ...sessions('Treatment', 200, 50));
    expect(textOf(ask(world, 'GET', '/experiments/checkout').text)).toContain(
      'Treatment is the best variant with a probability of',
    );
  });

  it('say that no variant is ahead while it may be chance', () => {
    const world = worldOf(...sessions('Control', 200, 20), ...sessions('Treatment', 200, 24));
    const page = ask(world, 'GET', '/experiments/checkout').text;
    expect(textOf(page)).toContain(
      'No variant is clearly ahead yet. Treatment is the best variant with a probability of 73',
    );
    expect(page).not.toContain('notice good');
  });

  it('say what is missing while there is not enough data', () => {
    const world = worldOf(...sessions('Control', 60, 2), ...sessions('Treatment', 120, 118));
    const page = textOf(ask(world, 'GET', '/experiments/checkout').text);
    expect(page).toContain('Not enough data yet.');
    expect(page).toContain('Control has 60 of 100 impressions, 2 of 5 conversions');
    expect(page).toContain('Treatment has 2 of 5 impressions without a conversion');
  });

  it('warn of a split that differs from the configured one', () => {
    const world = worldOf(...sessions('Control', 300, 20), ...sessions('Treatment', 150, 20));
    const page = textOf(ask(world, 'GET', '/experiments/checkout').text);
    expect(page).toContain('sample ratio mismatch');
    expect(page).toContain('Treatment should have 50 %, which is 225, and has 150');
  });

  it('are available for any other event', () => {
    const world = worldOf(...sessions('Control', 10, 2), ...sessions('Treatment', 10, 5, 'refund'));
    const page = ask(world, 'GET', '/experiments/checkout?eventName=refund').text;
    expect(tableOf(page).map((row) => row[2])).toEqual(['0', '5']);
    expect(page).toContain('name="eventName" value="refund"');
  });

  it('have a curve and a daily line for each variant', () => {
    const world = worldOf(...sessions('Control', 10, 2), ...sessions('Treatment', 10, 5));
    const [curves, days] = plotsOf(ask(world, 'GET', '/experiments/checkout').text);
    expect(curves.lines.map((line: number[]) => line.length)).toEqual([curves.x.length, curves.x.length]);
    expect(days.x).toHaveLength(3);
    expect(days.x.at(-1)).toBe(Date.UTC(2026, 2, 14) / 1000);
    expect(days.lines).toEqual([
      [null, 0.2, null],
      [null, 0.5, null],
    ]);
  });

  it('are not shown before the start', () => {
    const world = createWorld([{ ...checkout, startedAt: undefined, status: 'draft' }]);
    const page = ask(world, 'GET', '/experiments/checkout').text;
    expect(page).toContain('the experiment has not been started');
    expect(page).not.toContain('uPlot');
  });
});
