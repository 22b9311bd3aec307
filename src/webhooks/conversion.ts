import type { EventCatalog } from '../protocol/catalog.js';
import type { TrackInput } from '../protocol/event.js';
import type { Identity } from '../protocol/identity.js';
import type { Receipt } from '../tracking/receipt.js';

/**
 * An event that a webhook tells of. `distinctId` names the payment, never the webhook's delivery: providers send several
 * events for one payment, each perhaps twice, in any order.
 */
export type Conversion<Catalog extends EventCatalog = EventCatalog> = TrackInput<Catalog> & {
  readonly distinctId: string;
  /** What `sealVisitor` made when the payment began, as the provider hands it back. */
  readonly visitorToken?: string | null | undefined;
};

/** Whose an event is when no token says so. */
export type WebhookIdentity = Identity & { readonly sessionId?: string | undefined };

/** What a webhook needs of the client. Its `events` must have every event that the webhook reports. */
export interface ConversionSink<Catalog extends EventCatalog> {
  readonly track: (input: TrackInput<Catalog>) => Receipt;
  /** Whether what it sends are test events. @default false */
  readonly isTest?: boolean | undefined;
}
