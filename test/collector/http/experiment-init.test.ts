import { createContext, runInContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import type { Collector } from '../../../src/collector/index.js';
import { started } from '../posting.js';

interface Runtime {
  init(options?: { visitorId?: string }): void;
  readonly ready: Promise<Record<string, { in_experiment: boolean; variant_name?: string }>>;
}

const variants = [{ name: 'C', weight: 1 }, { name: 'T' }];

async function withExperiments(): Promise<Collector> {
  return started({
    goal: 'purchase',
    tokens: ['shop', 'exp_shop'],
    experiments: [
      { key: 'hero', variants, urls: ['/'] },
      { key: 'a/b "c"', variants, urls: ['/elsewhere'] },
      { key: 'draft', variants, status: 'draft' },
      { key: 'over', variants, status: 'completed' },
    ],
  });
}

/** Runs the script like a page of the shop, and returns what it added to the window. */
async function load(collector: Collector): Promise<Runtime> {
  const src = `${collector.url}/experiment-init?token=exp_shop`;
  const window: { ours_experiments?: Runtime } = {};
  const location = { href: 'https://shop.example/', search: '' };
  const context = createContext({ window, location, document: { currentScript: { src } }, URL, fetch, console });
  runInContext(await (await fetch(src)).text(), context);
  return window.ours_experiments!;
}

describe('the script for the browser SDK', () => {
  it('assigns a visitor in running experiments for the page, and records the impressions', async () => {
    const collector = await withExperiments();
    const { init, ready } = await load(collector);
    init({ visitorId: 'visitor-1' });
    expect(await ready).toEqual({
      hero: expect.objectContaining({ in_experiment: true, variant_name: expect.any(String) }),
      'a/b "c"': { success: true, in_experiment: false },
    });
    expect(collector.events()).toMatchObject([{ event: '$experiment_impression', userId: 'visitor-1' }]);
  });

  it('assigns nothing without a visitor', async () => {
    const collector = await withExperiments();
    const { init, ready } = await load(collector);
    init();
    expect(await ready).toEqual({});
    expect(collector.requests).toBe(0);
  });

  it('is a script that pages of other sites may load', async () => {
    const { url } = await withExperiments();
    const headers = { origin: 'https://shop.example', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' };
    const answer = await fetch(`${url}/experiment-init?token=exp_shop`, { headers });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toMatch(/^text\/javascript/);
  });

  it.each(['', '?token=', '?token=exp_other', '?token=shop'])('is refused with %o', async (query) => {
    const { url } = await withExperiments();
    expect((await fetch(`${url}/experiment-init${query}`)).status).toBe(401);
  });
});
