import type { EventCatalog } from '../protocol/catalog.js';
import type { TrackInput } from '../protocol/event.js';
import type { Identity } from '../protocol/identity.js';
import type { Receipt } from '../tracking/receipt.js';

/**
 * An event reported by a webhook. `distinctId` identifies the payment, not the webhook: providers send several events for a
 * payment, each perhaps twice, in any order.
 */
export type Conversion<Catalog extends EventCatalog = EventCatalog> = TrackInput<Catalog> & {
  readonly distinctId: string;
  /** The token of `sealVisitor`, as the provider returns it. */
  readonly visitorToken?: string | null | undefined;
};

/** The person or visitor of an event without a usable token, or the session of one whose token has none. */
export type WebhookIdentity = Identity & { readonly sessionId?: string | undefined };

/** The part of the client that a webhook needs. Its `events` must include every event that the webhook reports. */
export interface ConversionSink<Catalog extends EventCatalog> {
  readonly track: (input: TrackInput<Catalog>) => Receipt;
  /** Whether it sends test events. @default false */
  readonly isTest?: boolean | undefined;
}
