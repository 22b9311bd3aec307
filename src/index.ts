import type { ClientCatalog, ExperimentCatalog } from './assignment/experiment-catalog.js';
import { buildClient, type Client } from './client.js';
import type { ClientOptions } from './options.js';
import { fetchPlatform } from './platform-fetch.js';
import { nodePlatform, otherProcessPlatform } from './platform-node.js';
import type { EventCatalog } from './protocol/catalog.js';

// Bun and Deno call themselves Node too; their own fetch is the better way out there.
const isLikeNode = typeof process !== 'undefined' && !!process.versions?.node;
const isOther = 'Bun' in globalThis || 'Deno' in globalThis;
const likeNode = isOther ? otherProcessPlatform : nodePlatform;

/**
 * Creates a client. One a process is enough; it holds at most `concurrency` sockets.
 *
 * @example
 * const ours = createClient({ token: process.env.OURS_TOKEN });
 * ours.track({ event: 'purchase', userId, sessionId, eventProperties: { value: 49.9 }, distinctId: `purchase:${order.id}` });
 *
 * @throws {OursError} `invalid_option` when it is misconfigured, naming the option and the fix
 */
export function createClient<
  Catalog extends EventCatalog = EventCatalog,
  const Experiments extends ExperimentCatalog = ExperimentCatalog,
>(options: ClientOptions<Catalog, Experiments> = {}): Client<ClientCatalog<Catalog, Experiments>> {
  return buildClient(options, isLikeNode ? likeNode : fetchPlatform);
}

export type {
  AssignContext,
  Assignment,
  AssignOptions,
  NotAssigned,
  Personalization,
} from './assignment/assignment.js';
export type {
  ClientCatalog,
  ExperimentCatalog,
  ExperimentKey,
  VariantName,
  WithExperiments,
} from './assignment/experiment-catalog.js';
export type { Exposures } from './assignment/exposure-store.js';
export type { Client, FlushOptions } from './client.js';
export type { FetchInit, FetchLike, FetchResponse } from './delivery/transport.js';
export { isOursError, OursError, type OursErrorCode } from './errors.js';
export { createMemoryExposures, type MemoryExposuresOptions } from './exposures/memory.js';
export type { Books, Totals } from './ledger/books.js';
export type { Ledger } from './ledger/ledger.js';
export type { Receipt } from './ledger/receipt.js';
export { shareOutbox } from './ledger/share-outbox.js';
export type { SharingClient } from './ledger/sharing-client.js';
export type { WaitOptions } from './ledger/waiting.js';
export type { Logger } from './logger.js';
export type { ClientOptions, OutgoingEvent, WaitUntil } from './options.js';
export { createMemoryOutbox, type MemoryOutboxOptions, type WhenFull } from './outbox/memory.js';
export type {
  Appended,
  AppendFailure,
  ClaimOptions,
  DeadLetter,
  DeadLetters,
  DurableOutbox,
  DurablyAppended,
  ForgetOptions,
  Forgotten,
  Outbox,
  OutboxStats,
  SqlClient,
  StoreMark,
  TransactionalOutbox,
  VolatileOutbox,
} from './outbox/outbox.js';
export type {
  DropReason,
  KnownOutcome,
  Outcome,
  OutcomeInfo,
  RejectionCode,
  Undelivered,
  UnknownReason,
} from './outcome.js';
export type { EventCatalog, EventName, EventProperties, EventSchema } from './protocol/catalog.js';
export type { Entry, EventFields, IdentifyInput, TrackFields, TrackInput, UserProperties } from './protocol/event.js';
export type { CampaignProperties, DefaultProperties, TextValue } from './protocol/fields.js';
export type { Identity } from './protocol/identity.js';
export type { RefusalCode } from './protocol/refusal.js';
export type { SessionState } from './protocol/session.js';
export type { Enlisted, Transaction } from './transaction.js';
export type { Visitor, VisitorInput, VisitorTrackOptions } from './visitor.js';
