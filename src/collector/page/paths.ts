import type { Experiment } from '../experiments/experiment.js';

export const EVENTS_PATH = '/';
export const STREAM_PATH = '/events/live';
export const CLEAR_PATH = '/events/clear';
export const EXPERIMENTS_PATH = '/experiments';
export const NEW_EXPERIMENT_PATH = '/experiments/new';

/** What the reader narrowed the live events down to. */
export interface EventsQuery {
  readonly event?: string | undefined;
  readonly visitor?: string | undefined;
  readonly before?: number | undefined;
}

/** `path` with what the query holds. */
export function withQuery(path: string, query: EventsQuery | { readonly eventName: string | undefined }): string {
  const held = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) held.set(name, String(value));
  }
  return held.size === 0 ? path : `${path}?${held}`;
}

/** The form of a new experiment, with what is known of it filled in. */
export function newExperimentPath({
  key,
  primary,
}: {
  readonly key: string;
  readonly primary?: string | undefined;
}): string {
  return `${NEW_EXPERIMENT_PATH}?${new URLSearchParams({ key, ...(primary === undefined ? {} : { primary }) })}`;
}

export function visitorPath(visitor: number): string {
  return `/visitors/${visitor}`;
}

// A browser resolves the dots before it asks, and `new` is the page of the form.
const NO_SEGMENTS = new Set(['.', '..', 'new']);

/** The page of an experiment, or what can be done to it there. */
export function experimentPath({ key, id }: Experiment, action?: string): string {
  const segment = NO_SEGMENTS.has(key) ? id : key;
  // Half a character cannot be encoded, and its experiment not be asked for; the page shall still be there.
  const path = `${EXPERIMENTS_PATH}/${encodeURIComponent(segment.replace(/\p{Cs}/gu, '\uFFFD'))}`;
  return action === undefined ? path : `${path}/${action}`;
}
