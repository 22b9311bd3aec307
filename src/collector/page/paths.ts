import type { Experiment } from '../experiments/experiment.js';

export const EVENTS_PATH = '/';
export const STREAM_PATH = '/events/live';
export const CLEAR_PATH = '/events/clear';
export const EXPERIMENTS_PATH = '/experiments';
export const NEW_EXPERIMENT_PATH = '/experiments/new';

/** The filter of the live events. */
export interface EventsQuery {
  readonly event?: string | undefined;
  readonly visitor?: string | undefined;
  readonly before?: number | undefined;
}

/** Appends the query to a path. */
export function withQuery(path: string, query: EventsQuery | { readonly eventName: string | undefined }): string {
  const held = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) held.set(name, String(value));
  }
  return held.size === 0 ? path : `${path}?${held}`;
}

/** The form of a new experiment, prefilled. */
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

// Browsers resolve the dots, and `new` is the form.
const NO_SEGMENTS = new Set(['.', '..', 'new']);

/** The page of an experiment, or of an action on it. */
export function experimentPath({ key, id }: Experiment, action?: string): string {
  const segment = NO_SEGMENTS.has(key) ? id : key;
  // Lone surrogates cannot be encoded. The link does not work then, but the page with the link does.
  const path = `${EXPERIMENTS_PATH}/${encodeURIComponent(segment.replace(/\p{Cs}/gu, '\uFFFD'))}`;
  return action === undefined ? path : `${path}/${action}`;
}
