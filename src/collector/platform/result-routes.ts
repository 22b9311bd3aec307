import { isOursError } from '../../core/errors.js';
import type { ExperimentStore } from '../experiments/experiment-store.js';
import { refuse } from '../http/answer.js';
import { type DayRange, runtimeDays, utcDays } from '../queries/days.js';
import type { LogQueries } from '../queries/log-queries.js';
import type { ExperimentReport } from '../queries/report.js';
import { withExperiment } from './experiment-routes.js';
import { ok, type PlatformRoute, route } from './platform-route.js';

export interface ResultRoutesOptions {
  readonly experiments: Pick<ExperimentStore, 'find'>;
  readonly queries: Pick<LogQueries, 'results' | 'daily' | 'firstExposure'>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** The results of an experiment in total and by day, for its primary metric or for `eventName`. */
export function resultRoutes({ experiments, queries, now }: ResultRoutesOptions): PlatformRoute[] {
  return [
    route(
      'GET',
      '/experiments/:id/results',
      'experiment:find',
      withExperiment(experiments, (found, query) =>
        ok({ variants: queries.results(found, eventNameOf(query)).variants.map(documented) }),
      ),
    ),
    route(
      'GET',
      '/experiments/:id/results-time-series',
      'experiment:find',
      withExperiment(experiments, (found, query) => {
        const eventName = eventNameOf(query);
        const range = readDayRange(query, runtimeDays(found, queries.firstExposure(found, eventName), now()));
        if (typeof range === 'string') return refuse(400, range);
        return ok(queries.daily(found, range.from, range.to, eventName));
      }),
    ),
  ];
}

/** Forms send an empty string for no name. */
function eventNameOf(query: URLSearchParams): string | undefined {
  return query.get('eventName') || undefined;
}

/** Only the fields that the service documents. `report()` and the pages show more. */
function documented(variant: ExperimentReport['variants'][number]): unknown {
  const { id, name, isControl, impressions, conversions, conversionRate, probabilityToBeBest } = variant;
  return { id, name, isControl, impressions, conversions, conversionRate, probabilityToBeBest };
}

/** Reads `startDate` and `endDate`, or returns what is wrong with them. Each defaults to its end of the runtime. */
function readDayRange(query: URLSearchParams, runtime: DayRange): DayRange | string {
  const startDate = query.get('startDate');
  const endDate = query.get('endDate');
  // A date outside the runtime is asked for on purpose, so the other end of the range moves to include it.
  const from = startDate || earlier(runtime.from, endDate || runtime.to);
  const to = endDate || later(runtime.to, from);
  try {
    utcDays(from, to);
    return { from, to };
  } catch (error) {
    if (isOursError(error)) return error.message;
    throw error;
  }
}

// Dates in this format sort as strings.
const earlier = (one: string, other: string): string => (one < other ? one : other);
const later = (one: string, other: string): string => (one > other ? one : other);
