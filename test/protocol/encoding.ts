import { expect } from 'vitest';
import { Refusal } from '../../src/core/refusal.js';
import { fromBytes } from '../../src/protocol/bytes.js';
import { createCatalogCheck, type EventCatalog } from '../../src/protocol/catalog.js';
import {
  type EncodeContext,
  type Entry,
  encodeIdentify,
  encodeTrack,
  type IdentifyInput,
  type TrackInput,
} from '../../src/protocol/event.js';
import { openByteRow } from '../../src/protocol/json-bytes.js';
import { exactReading } from '../../src/protocol/time.js';

/** The instant at which all encoding tests take place. */
export const NOW: number = Date.UTC(2026, 2, 14, 12);

/** Where and when a test encodes. */
export interface Encoding {
  readonly local?: number;
  readonly service?: number;
  readonly maxBytes?: number;
  readonly events?: EventCatalog;
  readonly onUnreadable?: (event: string, property: string) => void;
}

/** An encode context with a clock that stands still and ids that count. */
export function contextOf({ local = NOW, service = local, maxBytes = 1e6, events, onUnreadable }: Encoding = {}) {
  let ids = 0;
  return {
    clock: () => ({ ...exactReading(service), local }),
    randomId: () => `random-${++ids}`,
    openRow: openByteRow,
    maxBytes,
    version: undefined,
    catalog: events === undefined ? undefined : createCatalogCheck(events),
    reporterFor: (event: string) => (property: string) => onUnreadable?.(event, property),
  } satisfies EncodeContext;
}

/** The event's entry or refusal; fields may be anything, as from a caller without types. */
export function track(fields: object, encoding?: Encoding): Entry | Refusal {
  return encodeTrack({ event: 'purchase', userId: 'visitor-1', ...fields } as TrackInput, contextOf(encoding));
}

/** The person's entry or refusal. */
export function identify(fields: object, encoding?: Encoding): Entry | Refusal {
  return encodeIdentify({ userId: 'visitor-1', ...fields } as IdentifyInput, contextOf(encoding));
}

/** An entry's row as the service reads it. */
// biome-ignore lint/suspicious/noExplicitAny: a test may look anywhere in it
export function rowOf(result: Entry | Refusal): any {
  if (result instanceof Refusal) throw new Error(`refused: ${result.message}`);
  return JSON.parse(fromBytes(result.body));
}

/** Expects a refusal and hands it over. */
export function refusalOf(result: Entry | Refusal): Refusal {
  expect(result).toBeInstanceOf(Refusal);
  return result as Refusal;
}
