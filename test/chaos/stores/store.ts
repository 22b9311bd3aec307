import type { StoreFault } from '../plan/store-plan.js';

/** Where the workers of a run find their outbox. */
export type Place =
  | { readonly kind: 'memory' }
  | { readonly kind: 'sqlite'; readonly file: string }
  | { readonly kind: 'redis'; readonly url: string }
  | { readonly kind: 'postgres'; readonly url: string };

/** What the outbox of a run is kept in, and what can happen to it. */
export interface ChaosStore {
  /** As seen without any link in between. */
  readonly place: Place;
  /** Where a link to it leads; `undefined` where there is no network. */
  readonly port: number | undefined;
  /** Resolves when the fault is over. */
  suffer(fault: StoreFault, ms: number): Promise<void>;
  remove(): Promise<void>;
}

/** The same place behind a link. */
export function through(place: Place, port: number): Place {
  if (place.kind !== 'redis' && place.kind !== 'postgres') return place;
  const url = new URL(place.url);
  url.port = String(port);
  return { ...place, url: url.href };
}
