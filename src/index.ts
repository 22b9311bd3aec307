import type { ClientCatalog, ExperimentCatalog } from './assignment/experiment-catalog.js';
import { buildClient } from './client/client.js';
import type { ClientOptions } from './client/options.js';
import type { Client } from './client/types.js';
import type { EventCatalog } from './protocol/catalog.js';
import { nodePlatform, otherProcessPlatform } from './runtime/platform-node.js';
import { webPlatform } from './runtime/platform-web.js';
import { enableSharedTracker } from './tracking/create-shared-tracker.js';

// Bun and Deno also set process.versions.node. Their own fetch works better there than undici.
const isLikeNode = typeof process !== 'undefined' && !!process.versions?.node;
const isOther = 'Bun' in globalThis || 'Deno' in globalThis;
const likeNode = isOther ? otherProcessPlatform : nodePlatform;

/**
 * Creates a client. One per process is enough; it opens at most `concurrency` sockets, and one more for `assign`.
 *
 * @example
 * const ours = createClient({ token: process.env.OURS_TOKEN });
 * ours.track({ event: 'purchase', userId, sessionId, eventProperties: { value: 49.9 }, distinctId: `purchase:${order.id}` });
 *
 * @throws {OursError} `invalid_option`, naming the option and the fix
 */
export function createClient<
  Catalog extends EventCatalog = EventCatalog,
  const Experiments extends ExperimentCatalog = ExperimentCatalog,
>(options: ClientOptions<Catalog, Experiments> = {}): Client<ClientCatalog<Catalog, Experiments>> {
  enableSharedTracker();
  return buildClient(options, isLikeNode ? likeNode : webPlatform);
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
export type { ClientOptions, OutgoingEvent } from './client/options.js';
export type { Enlisted, Transaction } from './client/transaction.js';
export type { Client, FlushOptions, ForgottenPerson } from './client/types.js';
export type { Visitor, VisitorInput, VisitorTrackOptions } from './client/visitor.js';
export { isOursError, OursError, type OursErrorCode } from './core/errors.js';
export type { Logger } from './core/logger.js';
export type {
  DropReason,
  KnownOutcome,
  Outcome,
  OutcomeInfo,
  RejectionCode,
  Undelivered,
  UnknownReason,
} from './core/outcome.js';
export type { RefusalCode } from './core/refusal.js';
export { createMemoryExposures, type MemoryExposuresOptions } from './exposures/memory.js';
export { createMemoryOutbox, type MemoryOutboxOptions, type WhenFull } from './outbox/memory.js';
export type {
  AppendFailure,
  ClaimOptions,
  DeadLetter,
  DeadLetters,
  DurableOutbox,
  ForgetOptions,
  Forgotten,
  Outbox,
  OutboxStats,
  SqlClient,
  TransactionalOutbox,
  VolatileOutbox,
} from './outbox/outbox.js';
export type { EventCatalog, EventName, EventProperties, EventSchema } from './protocol/catalog.js';
export type { Entry, EventFields, IdentifyInput, TrackFields, TrackInput, UserProperties } from './protocol/event.js';
export type { CampaignProperties, DefaultProperties, TextValue } from './protocol/fields.js';
export type { Identity } from './protocol/identity.js';
export type { SessionState } from './protocol/session.js';
export type { WaitUntil } from './runtime/wait-until.js';
export type { ClientStats } from './telemetry/client-stats.js';
export type { CircuitState } from './telemetry/observer.js';
export type { Totals } from './tracking/delivery-counts.js';
export type { Appended, DurablyAppended, StoreMark } from './tracking/polled-outbox.js';
export type { Receipt } from './tracking/receipt.js';
export type { WaitOptions } from './tracking/waiting.js';
export type { FetchInit, FetchLike, FetchResponse } from './transport/transport.js';
