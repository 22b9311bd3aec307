import { PATHS } from '../../protocol/wire.js';
import type { ExperimentStore } from '../experiments/experiment-store.js';
import { refuse } from './answer.js';
import { API_PREFIX, get, type Route } from './route.js';

/** The path of the script for the browser SDK's option `experimentation`, on the origin of its `custom_domain`. */
export const EXPERIMENT_INIT_PATH = '/experiment-init';

export interface ExperimentInitOptions {
  readonly experiments: Pick<ExperimentStore, 'list'>;
  readonly isKnownToken: (token: string) => boolean;
}

/**
 * The script that the browser SDK loads, and whose `ours_experiments.init({ visitorId })` it calls.
 *
 * It asks the collector to assign the visitor in every running experiment, which records the impressions. It does not change
 * pages or redirect visitors. Pages read `await ours_experiments.ready`.
 */
export function experimentInitRoute({ experiments, isKnownToken }: ExperimentInitOptions): Route {
  return get(EXPERIMENT_INIT_PATH, ({ url }) => {
    const token = url.searchParams.get('token') ?? '';
    if (!isKnownToken(token)) return refuse(401, 'token: expected a known experiment token (exp_…)');
    const keys = experiments
      .list()
      .filter(({ status, rollout }) => status === 'running' || status === 'paused' || rollout !== undefined)
      .map(({ key }) => key);
    return {
      status: 200,
      body: scriptOf(token, keys),
      headers: { 'content-type': 'text/javascript; charset=utf-8', 'cache-control': 'no-store' },
    };
  });
}

function scriptOf(token: string, keys: readonly string[]): string {
  return `(() => {
  const token = ${JSON.stringify(token)};
  const keys = ${JSON.stringify(keys)};
  const base = new URL(${JSON.stringify(API_PREFIX + PATHS.assignments)}, document.currentScript.src);
  const assign = async (key, visitorId) => {
    const answer = await fetch(new URL(encodeURIComponent(key), base), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token, visitor_id: visitorId, context: { url: location.href, search: location.search } }),
    });
    return [key, await answer.json()];
  };
  let resolve;
  const ready = new Promise((done) => { resolve = done; });
  const init = ({ visitorId } = {}) => {
    const all = visitorId ? keys.map((key) => assign(key, visitorId)) : [];
    resolve(Promise.all(all).then(Object.fromEntries));
    ready.catch((error) => console.warn('[ours-ingest collector] no assignments: ' + error));
  };
  // The browser SDK calls init; ready is an addition of this collector.
  window.ours_experiments = { init, ready };
})();
`;
}
