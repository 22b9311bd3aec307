import type { ExperimentStore } from '../experiments/experiment-store.js';
import { refuse } from '../http/answer.js';
import type { Insight } from '../insight.js';
import type { ExperimentReport } from '../report.js';
import { runtimeDays } from '../runtime-days.js';
import { withExperiment } from './experiment-routes.js';
import { ok, type PlatformRoute } from './platform-route.js';
import { readDayRange } from './time-series.js';

export interface ResultRoutesOptions {
  readonly experiments: Pick<ExperimentStore, 'find'>;
  readonly insight: Pick<Insight, 'results' | 'daily' | 'firstExposure'>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** The results of an experiment, as a whole and by day, for its primary metric or for `eventName`. */
export function resultRoutes({ experiments, insight, now }: ResultRoutesOptions): PlatformRoute[] {
  return [
    {
      method: 'GET',
      path: '/experiments/:id/results',
      scope: 'experiment:find',
      handle: withExperiment(experiments, (found, query) =>
        ok({ variants: insight.results(found, eventNameOf(query)).variants.map(documented) }),
      ),
    },
    {
      method: 'GET',
      path: '/experiments/:id/results-time-series',
      scope: 'experiment:find',
      handle: withExperiment(experiments, (found, query) => {
        const eventName = eventNameOf(query);
        const range = readDayRange(query, runtimeDays(found, insight.firstExposure(found, eventName), now()));
        if (typeof range === 'string') return refuse(400, range);
        return ok(insight.daily(found, range.from, range.to, eventName));
      }),
    },
  ];
}

/** An empty name is what a form sends for none. */
function eventNameOf(query: URLSearchParams): string | undefined {
  return query.get('eventName') || undefined;
}

/** What the service documents and no more: `report()` and the page tell the rest. */
function documented(variant: ExperimentReport['variants'][number]): unknown {
  const { id, name, isControl, impressions, conversions, conversionRate, probabilityToBeBest } = variant;
  return { id, name, isControl, impressions, conversions, conversionRate, probabilityToBeBest };
}
