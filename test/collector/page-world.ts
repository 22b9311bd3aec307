import type { ExperimentActions } from '../../src/collector/experiments/actions.js';
import {
  type Experiment,
  type ExperimentConfig,
  resolveExperiment,
} from '../../src/collector/experiments/experiment.js';
import type { ExperimentStore } from '../../src/collector/experiments/experiment-store.js';
import type { Answer } from '../../src/collector/http/answer.js';
import type { Route } from '../../src/collector/http/route.js';
import type { EventLine, Insight, RefusedRow } from '../../src/collector/insight.js';
import { identify } from '../../src/collector/measuring/identity.js';
import { pageRoutes } from '../../src/collector/page/page-routes.js';
import { reportOn } from '../../src/collector/report.js';
import type { CollectedEvent } from '../../src/collector/store/event-log.js';
import { toLogEntry } from '../../src/collector/to-log-entry.js';
import type { WireTrack } from '../../src/protocol/wire.js';

/** When it is, for the pages and everything on them. */
export const NOW: number = Date.UTC(2026, 2, 14, 12);

/** An event as it is sent; `ago` is how long before now it happened. */
export type Sent = WireTrack & { readonly ago?: number; readonly receivedAt?: number; readonly isTest?: boolean };

export interface World {
  readonly experiments: Experiment[];
  readonly refused: RefusedRow[];
  readonly actions: ExperimentActions;
  readonly insight: Insight;
  readonly routes: readonly Route[];
  /** Lets rows arrive. */
  arrive(...sent: Sent[]): void;
  /** How many streams listen. */
  readonly listeners: number;
}

/** The pages over events in memory, judged by the real measuring rules. */
export function createWorld(
  configs: readonly ExperimentConfig[] = [],
  actions: Partial<ExperimentActions> = {},
  now: () => number = () => NOW,
): World {
  const events: (CollectedEvent & { isTest: boolean })[] = [];
  const repeats = new Map<string, number>();
  const experiments = configs.map((config) => resolveExperiment(config, 'purchase', NOW));
  const refused: RefusedRow[] = [];
  const listeners = new Set<(numbers: readonly number[]) => void>();
  const rules = { experiments, allowedEvents: undefined, bots: 'block' } as const;

  const measure = () => {
    const log = events.map((event) => toLogEntry(event, experiments));
    const visitors = identify(log, log.map(() => undefined) as never);
    const report = reportOn(events, rules, NOW);
    const lines = report.events.map(({ event, verdict, warnings }, index): EventLine => {
      const { isTest, ...kept } = event as (typeof events)[number];
      return {
        number: index + 1,
        event: kept,
        visitor: visitors[index]!,
        verdict,
        warnings,
        repeats: repeats.get(event.distinctId ?? '') ?? 0,
        isTest,
      };
    });
    return { log, lines, report };
  };
  const insight: Insight = {
    events({ event = '', visitor, name = '', before = Number.POSITIVE_INFINITY, limit }) {
      const { lines, log } = measure();
      const named = new Set(
        lines.filter((_, i) => log[i]!.visitors.some((one) => one.includes(name))).map((line) => line.visitor),
      );
      return lines
        .filter((line) => line.event.event.toLowerCase().includes(event.toLowerCase()) && line.number < before)
        .filter((line) => named.has(line.visitor) && (visitor === undefined || line.visitor === visitor))
        .reverse()
        .slice(0, limit);
    },
    refused: () => refused,
    visitor(visitor) {
      const { lines, log } = measure();
      const own = lines.filter((line) => line.visitor === visitor);
      if (own.length === 0) return undefined;
      const names = [...new Set(own.flatMap(({ number }) => log[number - 1]!.visitors))];
      return { visitor, names, events: own.toSorted((a, b) => a.event.time - b.event.time) };
    },
    results(experiment, eventName) {
      const asked = experiments.map((one) => {
        return one === experiment && eventName !== undefined ? { ...one, primary: eventName } : one;
      });
      return reportOn(events, { ...rules, experiments: asked }, NOW).experiments[experiments.indexOf(experiment)]!;
    },
    daily(experiment, from, to) {
      const days = [];
      for (let at = Date.parse(from); at <= Date.parse(to); at += 86_400_000) {
        const date = new Date(at).toISOString().slice(0, 10);
        const on = events.filter(({ time }) => new Date(time).toISOString().startsWith(date));
        const of = reportOn(on, { ...rules, experiments: [experiment] }, NOW).experiments[0]!;
        days.push({ date, variants: of.variants });
      }
      return { days };
    },
    get totals() {
      return { events: events.length, duplicates: [...repeats.values()].reduce((sum, times) => sum + times, 0) };
    },
  };
  const store: ExperimentStore = {
    list: () => experiments,
    find: (idOrKey) => experiments.find(({ id, key }) => id === idOrKey || key === idOrKey),
    save: (experiment) => experiments.push(experiment),
    assigned: () => undefined,
    assign: () => undefined,
    personalizations: () => [],
  };
  const unexpected = (): never => {
    throw new Error('nothing should have been done');
  };
  const done: ExperimentActions = {
    create: unexpected,
    edit: unexpected,
    act: unexpected,
    declareWinner: unexpected,
    ...actions,
  };
  const routes = pageRoutes({
    insight,
    experiments: store,
    actions: done,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    now,
  });

  return {
    experiments,
    refused,
    actions: done,
    insight,
    routes,
    get listeners() {
      return listeners.size;
    },
    arrive(...sent) {
      const numbers = sent.flatMap(({ ago = 0, receivedAt = NOW, isTest = false, ...row }) => {
        const { distinctId } = row;
        if (distinctId !== undefined && events.some((event) => event.distinctId === distinctId)) {
          repeats.set(distinctId, (repeats.get(distinctId) ?? 0) + 1);
          return [];
        }
        return events.push({ ...row, time: NOW - ago, receivedAt, isTest });
      });
      for (const listener of listeners) listener(numbers);
    },
  };
}

export interface Asked extends Answer {
  /** The body as text. */
  readonly text: string;
}

/** Asks one of the routes, as the server would. */
export function ask(
  { routes }: World,
  method: 'GET' | 'POST',
  address: string,
  { headers = {}, form }: { headers?: Record<string, string>; form?: Record<string, string> | [string, string][] } = {},
): Asked {
  const url = new URL(address, 'http://127.0.0.1:6877');
  const segments = url.pathname.split('/').map(decodeURIComponent);
  for (const route of routes) {
    const pattern = route.path.split('/');
    if (route.method !== method || pattern.length !== segments.length) continue;
    if (!pattern.every((part, i) => part.startsWith(':') || part === segments[i])) continue;
    const params = Object.fromEntries(
      pattern.flatMap((part, i) => (part.startsWith(':') ? [[part.slice(1), segments[i]!]] : [])),
    );
    const answer = route.handle({
      url,
      params,
      headers: { host: url.host, ...headers },
      body: route.accepts === 'form' ? new URLSearchParams(form) : undefined,
    });
    return { ...answer, text: String(answer.body) };
  }
  throw new Error(`no route for ${method} ${address}`);
}

/** The headers a browser sends with a form of the collector's own page. */
export const OWN_FORM = { origin: 'http://127.0.0.1:6877', 'sec-fetch-site': 'same-origin' };

/** What a reader sees of markup. */
export function textOf(markup: string): string {
  return markup
    .replace(/<[^>]*>/g, ' ')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replace(/\s+/g, ' ')
    .trim();
}
