import type { Place } from '../support/stores.js';

/** What a worker is told. */
export interface WorkerConfig {
  /** Begins the ids of its events. */
  readonly name: string;
  readonly place: Place;
  readonly aheadMs: number;
  readonly baseUrl: string;
  readonly tracks: boolean;
  readonly relays: boolean;
}

const EVENTS_PER_VISITOR = 25;

/** Every visitor's first event is an identify. */
export const isIdentify = (n: number): boolean => n % EVENTS_PER_VISITOR === 0;

export const idOfNth = (name: string, n: number): string => `${name}.${n}`;

export const visitorOfNth = (name: string, n: number): string =>
  `${name} visitor ${Math.floor(n / EVENTS_PER_VISITOR)}`;
