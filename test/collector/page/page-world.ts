import type { ExperimentActions } from '../../../src/collector/experiments/actions.js';
import { type ExperimentConfig, resolveExperiment } from '../../../src/collector/experiments/config.js';
import type { ExperimentStore } from '../../../src/collector/experiments/experiment-store.js';
import type { Answer } from '../../../src/collector/http/answer.js';
import type { Route } from '../../../src/collector/http/route.js';
import { pageRoutes } from '../../../src/collector/page/page-routes.js';
import type { LogQueries } from '../../../src/collector/queries/log-queries.js';
import type { RefusedRow } from '../../../src/collector/store/collected-event.js';
import type { WireTrack } from '../../../src/protocol/wire.js';
import { openStore } from '../store/opened-store.js';

/** The current time of the pages. */
export const NOW: number = Date.UTC(2026, 2, 14, 12);

/** An event as it is sent. It happened `ago` milliseconds before now. */
export type Sent = WireTrack & {
  readonly ago?: number;
  readonly receivedAt?: number;
  readonly isTest?: boolean;
  /** @default 'shop' */
  readonly source?: string;
};

export interface World {
  readonly experiments: ExperimentStore;
  readonly refused: RefusedRow[];
  readonly queries: LogQueries;
  readonly routes: readonly Route[];
  /** Stores rows and notifies the streams. */
  arrive(...sent: Sent[]): void;
  /** The number of open streams. */
  readonly listeners: number;
}

/** The pages with a log in memory. Actions that are not given must not be called. */
export function createWorld(
  configs: readonly ExperimentConfig[] = [],
  actions: Partial<ExperimentActions> = {},
  now: () => number = () => NOW,
): World {
  const refused: RefusedRow[] = [];
  const { store, log: queries, experiments } = openStore(':memory:', { bots: 'block' }, NOW, refused);
  for (const config of configs) experiments.save(resolveExperiment(config, 'purchase', NOW));
  const listeners = new Set<(numbers: readonly number[]) => void>();
  const unexpected = (): never => {
    throw new Error('nothing should have been done');
  };
  const routes = pageRoutes({
    queries,
    experiments,
    actions: {
      create: unexpected,
      edit: unexpected,
      act: unexpected,
      stop: unexpected,
      nameWinner: unexpected,
      rollOut: unexpected,
      remove: unexpected,
      ...actions,
    },
    exampleToken: 'test_dev',
    hasPassword: false,
    clear() {
      store.clear();
      refused.length = 0;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    now,
  });

  return {
    experiments,
    refused,
    queries,
    routes,
    get listeners() {
      return listeners.size;
    },
    arrive(...sent) {
      const numbers = sent.flatMap(({ ago = 0, receivedAt = NOW, isTest = false, source = 'shop', ...row }) => {
        const [arrival] = store.append([{ ...row, time: NOW - ago }], receivedAt, { source, isTest });
        return arrival?.kind === 'accepted' ? arrival.number : [];
      });
      for (const listener of listeners) listener(numbers);
    },
  };
}

export interface Asked extends Answer {
  /** The body as text. */
  readonly text: string;
}

/** Calls a route, like the server. */
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

/** The visible text of markup. */
export function textOf(markup: string): string {
  return markup
    .replace(/<[^>]*>/g, ' ')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replace(/\s+/g, ' ')
    .trim();
}
