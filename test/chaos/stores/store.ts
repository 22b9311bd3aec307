import type { StoreFault } from '../plan/store-plan.js';

/** Where workers find their outbox. */
export type Place =
  | { readonly kind: 'memory' }
  | { readonly kind: 'sqlite'; readonly file: string }
  | { readonly kind: 'redis'; readonly url: string }
  | { readonly kind: 'postgres'; readonly url: string };

/** The storage behind the outbox of a run, and the faults it can have. */
export interface ChaosStore {
  /** Its address without a link in between. */
  readonly place: Place;
  /** The port a link must lead to; `undefined` if the store has no network connection. */
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
