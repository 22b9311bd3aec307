import type { CollectorReport } from 'ours-ingest/collector';
import type { Ledger } from './ledger.js';
import { formatTable, percent } from './table.js';

/** The data of a run. */
export interface Run {
  readonly report: CollectorReport;
  readonly ledger: Ledger;
  /** Events that the collector removed because their `distinctId` was known. */
  readonly duplicates: number;
  /** Webhooks the shop answered 200. */
  readonly webhooks: number;
  /** The status of the tampered webhook. */
  readonly tampered: number;
}

/** The run as three tables. */
export function summarise({ report, ledger, duplicates, webhooks, tampered }: Run): string {
  const judged = report.events.flatMap(({ verdict }) => verdict ?? []);
  const events = [
    ['page views and purchases sent', judged.length + duplicates],
    ['  duplicates removed', duplicates],
    ['accepted', judged.length],
    ['webhooks answered 200', webhooks],
    [`webhooks with a tampered signature, answered ${tampered}`, 1],
  ];
  const variants = report.experiments.flatMap((experiment) =>
    experiment.variants.map((variant) => [
      variant.name,
      [...ledger.seen.values()].filter((name) => name === variant.name).length,
      variant.impressions,
      variant.conversions,
      percent(variant.conversionRate),
      experiment.hasEnoughData ? percent(variant.probabilityToBeBest) : '–',
    ]),
  );
  const verdicts = new Map<string, number>();
  for (const verdict of judged) verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);

  return [
    formatTable(['events', 'count'], events),
    formatTable(['checkout_redesign', 'visitors', 'impressions', 'conversions', 'rate', 'to be best'], variants),
    formatTable(['verdict', 'events'], [...verdicts]),
  ].join('\n\n');
}
