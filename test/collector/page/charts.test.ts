import { describe, expect, it } from 'vitest';
import { dailyChart } from '../../../src/collector/page/charts.js';
import type { DailyReport } from '../../../src/collector/queries/report.js';
import { textOf } from './page-world.js';

const variants = [
  { id: 'c', name: 'Control' },
  { id: 't', name: 'Treatment' },
] as unknown as Parameters<typeof dailyChart>[1];

const counted = (id: string, impressions: number, conversions: number) => ({
  id,
  impressions,
  conversions,
  conversionRate: impressions === 0 ? 0 : conversions / impressions,
});

const chartOf = (days: DailyReport['days']): string => String(dailyChart({ days }, variants));

describe('the daily chart', () => {
  const days = [
    { date: '2026-03-13', variants: [counted('c', 3, 1), counted('t', 4, 2)] },
    { date: '2026-03-14', variants: [counted('t', 0, 0)] },
  ];

  it('has a gap on a day on which nobody saw the variant', () => {
    const [, json] = /data-plot="([^"]*)"/.exec(chartOf(days))!;
    expect(JSON.parse(json!.replaceAll('&quot;', '"'))).toEqual({
      kind: 'days',
      x: [Date.UTC(2026, 2, 13) / 1000, Date.UTC(2026, 2, 14) / 1000],
      lines: [
        [0.33333, null],
        [0.5, null],
      ],
    });
  });

  it('has a table of its figures, the latest day first and without the rate of no impressions', () => {
    const body = /<tbody>.*<\/tbody>/s.exec(chartOf(days))![0];
    const rows = body
      .split('</tr>')
      .map((row) => [...row.matchAll(/<t[hd].*?<\/t[hd]>/gs)].map(([cell]) => textOf(cell)));
    expect(rows.slice(0, 2)).toEqual([
      ['2026-03-14', '0 of 0', '0 of 0'],
      ['2026-03-13', '1 of 3 33.3 %', '2 of 4 50.0 %'],
    ]);
  });

  it('is only the table on the first day', () => {
    const page = chartOf(days.slice(0, 1));
    expect(page).not.toContain('data-plot');
    expect(page).toContain('There is only one day so far');
    expect(page).toContain('<th scope="row">2026-03-13</th>');
  });
});
