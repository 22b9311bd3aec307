import { describe, expect, it } from 'vitest';
import { ask, createWorld } from './page-world.js';

const world = createWorld([{ key: 'x', variants: [{ name: 'A' }, { name: 'B' }], status: 'running' }]);

function assetsOf(path: string): string[] {
  return [...ask(world, 'GET', path).text.matchAll(/(?:href|src)="(\/assets\/[^"]*)"/g)].map(([, address]) => address!);
}

describe('the files of the pages', () => {
  it('all exist, and may be cached while they are unchanged', () => {
    const assets = assetsOf('/experiments/x');
    expect(assets.map((address) => address.replace(/\?.*/, ''))).toEqual([
      '/assets/icon.svg',
      '/assets/uPlot.min.css',
      '/assets/theme.css',
      '/assets/page.css',
      '/assets/events.css',
      '/assets/experiments.css',
      '/assets/uPlot.iife.min.js',
      '/assets/page.js',
      '/assets/charts.js',
    ]);
    for (const address of assets) {
      const { status, headers, body } = ask(world, 'GET', address);
      expect(address).toMatch(/\?v=[\w-]{12}$/);
      expect(status).toBe(200);
      expect(headers?.['cache-control']).toContain('immutable');
      expect((body as Buffer).length).toBeGreaterThan(100);
    }
  });

  it('are served with their content types', () => {
    const types = assetsOf('/experiments/x').map((address) => ask(world, 'GET', address).headers?.['content-type']);
    expect(new Set(types)).toEqual(
      new Set(['image/svg+xml', 'text/css; charset=utf-8', 'text/javascript; charset=utf-8']),
    );
  });

  it('do not include the charts on pages without charts', () => {
    expect(assetsOf('/').join()).not.toContain('uPlot');
  });

  it('load nothing from other origins', () => {
    for (const address of assetsOf('/experiments/x').filter((one) => !one.includes('uPlot'))) {
      expect(ask(world, 'GET', address).text.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(
        /https?:|@import|url\(/,
      );
    }
  });
});
