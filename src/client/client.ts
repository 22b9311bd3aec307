import { type AssignQuestion, createAssigner } from '../assignment/assign.js';
import type { Assignment, AssignOptions, Personalization } from '../assignment/assignment.js';
import type { ClientCatalog, ExperimentCatalog, ExperimentKey, VariantName } from '../assignment/experiment-catalog.js';
import { createExposureTimes } from '../assignment/exposure-times.js';
import { OursError } from '../core/errors.js';
import { createWarnOnce, guardLogger } from '../core/logger.js';
import type { Outcome, OutcomeInfo, Undelivered } from '../core/outcome.js';
import { Refusal } from '../core/refusal.js';
import { keepProcess, sleep } from '../core/timers.js';
import { checkNames, fieldNames } from '../core/unknown-names.js';
import { callUser } from '../core/user-call.js';
import { createAppendBuffer } from '../delivery/append-buffer.js';
import { createCircuitBreaker } from '../delivery/circuit-breaker.js';
import { createRelay } from '../delivery/relay.js';
import { createMemoryOutbox } from '../outbox/memory.js';
import type { Outbox, SqlClient, TransactionalOutbox } from '../outbox/outbox.js';
import { createCatalogCheck, type EventCatalog } from '../protocol/catalog.js';
import {
  type EncodeContext,
  type Entry,
  encodeIdentify,
  encodeTrack,
  type IdentifyInput,
  type TrackInput,
} from '../protocol/event.js';
import { LIBRARY } from '../protocol/library.js';
import { TEST_TOKEN_PREFIX } from '../protocol/wire.js';
import type { Platform } from '../runtime/platform.js';
import { createTellHost } from '../runtime/tell-host.js';
import { createDeliveryCounts, type Totals } from '../tracking/delivery-counts.js';
import { createMemoryTracker } from '../tracking/memory-tracker.js';
import { type Receipt, settledReceipt } from '../tracking/receipt.js';
import type { ReceiptTracker } from '../tracking/receipt-tracker.js';
import { sharedTrackerFor } from '../tracking/tracker-registry.js';
import { createSkewedClock } from '../transport/clock.js';
import { createFetchPost } from '../transport/fetch-post.js';
import { createHttpTransport } from '../transport/http-transport.js';
import { type Encode, throughBeforeSend } from './before-send.js';
import { type ClientOptions, type ResolvedOptions, resolveOptions } from './options.js';
import { warnOfPlainHttp } from './plain-http.js';
import { createTestVisits, type LiveClient } from './test-visits.js';
import type { Enlisted, Transaction } from './transaction.js';
import { createVisitor, type Visitor, type VisitorInput } from './visitor.js';

/** How long `flush` and `close` may take. */
export interface FlushOptions {
  /** Milliseconds after which the rest is left pending. @default none for `flush`, 5000 for `close` */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const FLUSH_NAMES = fieldNames<FlushOptions>({ timeoutMs: 1, signal: 1 });
const CLOSE_TIMEOUT_MS = 5_000;
const RELEASE_TIMEOUT_MS = 1_000;
/** How often a shared outbox is looked into for what other processes have left there. */
const ROUND_MS = 1_000;

/** Sends events and asks for assignments. Every method may be called without its receiver. */
export interface Client<Catalog extends EventCatalog = EventCatalog> {
  /** Whether the token is a test-mode token (`test_…`): its events are tagged, and the service forwards them nowhere. */
  readonly isTest: boolean;
  /**
   * Takes an event. Synchronous, and it never throws for what it is given: a wrong event's receipt is settled as `rejected`
   * with a code and a message.
   */
  track(input: TrackInput<Catalog>): Receipt;
  /** Takes a person's names and properties. They arrive in order, and before the person's later events. */
  identify(input: IdentifyInput): Receipt;
  /**
   * Asks for the visitor's variant. Never falls back to the control: after a timeout or failure a visitor keeps the last
   * variant where it is known (`reason: 'sticky'`), and is not in the experiment otherwise (`reason: 'fallback'`).
   * @throws the signal's reason
   */
  assign<Key extends ExperimentKey<Catalog>>(
    experimentKey: Key,
    options: AssignOptions<VariantName<Catalog, Key>> & { readonly userId: string | undefined },
  ): Promise<Assignment<VariantName<Catalog, Key>>>;
  /**
   * What the visitor has been given in experiments of type `personalization`; records nothing. The service answers an
   * empty list for every visitor at present; the collector answers what it gave.
   * @throws {OursError} `assignment_failed`
   */
  personalization(
    options: Pick<AssignOptions, 'timeoutMs' | 'signal'> & { readonly userId: string | undefined },
  ): Promise<readonly Personalization[]>;
  /**
   * Events in the caller's own database transaction: they commit or vanish with the order. `tx` is a `pg` client, or a
   * transaction of another library as one of `from…` in `ours-ingest/outbox/postgres` makes it.
   * @throws {OursError} `invalid_option` when the outbox is not in a database of yours
   */
  within(tx: SqlClient): Transaction<Catalog>;
  /** The same client for one visitor. */
  visitor(input: VisitorInput): Visitor<Catalog>;
  /**
   * Sends what waits; resolves when everything tracked before this call has an outcome, or when the time is over.
   * @throws the signal's reason
   */
  flush(options?: FlushOptions): Promise<Totals>;
  /**
   * Flushes, then lets go of sockets and timers. Later events are dropped. What has no outcome in time is `pending`: with a
   * durable outbox the next process delivers it.
   */
  close(options?: FlushOptions): Promise<Totals>;
  /** `await using client = createClient(…)` closes it. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Builds a client for a runtime.
 * @throws {OursError} `invalid_option`
 */
export function buildClient<
  Catalog extends EventCatalog = EventCatalog,
  Experiments extends ExperimentCatalog = ExperimentCatalog,
>(options: ClientOptions<Catalog, Experiments>, platform: Platform): Client<ClientCatalog<Catalog, Experiments>> {
  const resolved = resolveOptions(options as ClientOptions, platform.env);
  warnOfPlainHttp(resolved);
  return assembleClient(resolved, platform);
}

/** Builds a client of options that have been checked. */
export function assembleClient<Catalog extends EventCatalog = EventCatalog>(
  options: ResolvedOptions,
  platform: Platform,
): Client<Catalog> {
  const { baseUrl, concurrency, requestTimeoutMs, maxBatchBytes, disabled } = options;
  const { now, monotonic, random } = platform;
  const logger = guardLogger(options.logger ?? console);
  const debug = options.debug ? platform.createDebugLog?.(logger, monotonic) : undefined;
  if (options.debug && !debug)
    logger.warn('debug tells nothing on this runtime: it is left out to keep the package small.');
  const warnings = createWarnOnce(logger, monotonic);
  const clientId = platform.randomId().slice(-12);
  const clock = createSkewedClock({
    now,
    monotonic,
    // A shared outbox holds other processes' events as well.
    isOwn: (owner) => !options.outbox?.durable || (typeof owner === 'string' && owner.startsWith(`${clientId}.`)),
  });
  const { fetch } = options;
  // One socket more than there are senders: a page that asks for its variant does not wait behind batches.
  const connections = concurrency + (options.experimentToken === undefined ? 0 : 1);
  const post =
    fetch === undefined
      ? platform.createPost({ baseUrl, connections, requestTimeoutMs, monotonic, logger })
      : createFetchPost(baseUrl, () => fetch);
  const ownBreaker = createCircuitBreaker({ concurrency, monotonic, random, warnings, via: post.via });
  const breaker = debug?.breaker(ownBreaker) ?? ownBreaker;
  const transport = createHttpTransport({
    post: debug?.post(post) ?? post,
    requestTimeoutMs,
    clock,
    monotonic,
  });
  const outbox: Outbox = options.outbox ?? createMemoryOutbox({ ...options, monotonic });
  const counts = createDeliveryCounts();
  const tracker: ReceiptTracker = outbox.durable
    ? sharedTrackerFor(outbox, {
        counts,
        id: clientId,
        relays: options.relay && !disabled,
        intervalMs: Math.max(ROUND_MS, options.flushIntervalMs),
        onLoss: (events) =>
          warnings.throttled(
            'store_lost',
            `the outbox was emptied, replaced or restored: for ${events} events it had stored it is not known whether they were delivered. Sending them again with the same distinctId is safe.`,
          ),
        flushNow: () => relay.flushNow(),
        schedule: () => relay.schedule(0),
      })
    : createMemoryTracker(counts, () => void flushNow());

  const restWhenDone = (): void => {
    if (counts.openCount === 0) lifetime.unref();
  };
  const settle = (entry: Entry, outcome: Outcome): void => {
    if (!tracker.settle(entry, outcome)) return;
    tellOutcome(outcome, entry);
    restWhenDone();
  };
  const relay = createRelay({
    ...options,
    outbox,
    transport,
    breaker,
    clock,
    monotonic,
    random,
    warnings,
    onSettled: settle,
  });
  const appendBuffer = createAppendBuffer({
    append: (entries) => outbox.append(entries),
    warnings,
    onAppended(entries, answer) {
      tracker.appended(entries, answer);
      passOnNotice();
      if (options.relay) relay.schedule(entries.length);
      restWhenDone();
    },
    onNotAppended: settle,
  });
  const exposureTimes = createExposureTimes(() => clock.read());
  const assigner = createAssigner({
    transport,
    experimentToken: options.experimentToken,
    timeoutMs: options.assignTimeoutMs,
    exposures: options.exposures,
    exposuresTimeoutMs: options.exposuresTimeoutMs,
    requestTimeoutMs,
    monotonic,
    warnings,
    onRecorded: (userId) => exposureTimes.note(userId),
    isDown: () => breaker.isDown,
  });

  const encoding: EncodeContext = {
    clock: () => clock.read(),
    earliestFor: (userId) => exposureTimes.earliestFor(userId),
    randomId: platform.randomId,
    serialise: platform.serialise,
    // Room for the token and the names around the row.
    maxBytes: maxBatchBytes - 512,
    catalog: options.events === undefined ? undefined : createCatalogCheck(options.events),
    version: LIBRARY,
    onUnreadable: (event, property) =>
      warnings.throttledEach(
        `property '${shown(property)}' of event '${shown(event)}' holds something that could not be read, which is left out: pass plain data.`,
      ),
  };
  const { beforeSend } = options;
  const toTrack = beforeSend === undefined ? encodeTrack : throughBeforeSend(beforeSend, encodeTrack);
  const toIdentify = beforeSend === undefined ? encodeIdentify : throughBeforeSend(beforeSend, encodeIdentify);
  const flushTick = async (flushOptions?: FlushOptions): Promise<void> => {
    // Once this tick's events are together: one flush, one append.
    await undefined;
    await flush(flushOptions);
  };
  const tellHost = createTellHost({ platform, waitUntil: options.waitUntil, warnings, flush: flushTick });
  const lifetime = platform.createLifetime({
    monotonic,
    async flush(timeoutMs) {
      await flushTick({ timeoutMs });
      return counts.openCount;
    },
    giveUp() {
      transport.interrupt();
      abandon('the process ended');
    },
    onExit() {
      // The next process delivers what a durable outbox has confirmed.
      if (outbox.durable) abandon('the process ended');
      else {
        warnings.throttled(
          'exit',
          `the process ends with ${counts.openCount} events undelivered, and they are lost: the service took none in time, or process.exit() came before close().`,
        );
      }
    },
  });
  let closing: Promise<Totals> | undefined;

  function tellOutcome(outcome: Outcome, info: OutcomeInfo): void {
    const { kind, event, distinctId } = info;
    callUser(
      () => options.onOutcome?.(outcome, { kind, event, distinctId }),
      () => warnings.throttled('onOutcome', 'onOutcome threw or rejected; the event is settled all the same.'),
    );
  }

  /** Ends the events whose append has no answer: nothing more will be heard of them here. */
  function abandon(when: string): void {
    const entries = tracker.unconfirmed();
    if (entries.length === 0) return;
    const message = `the outbox had not confirmed the event when ${when}.`;
    warnings.throttled(
      'unconfirmed',
      `${entries.length} events may be lost: the outbox had not confirmed them when ${when}. Check that it can be reached; sending an event again with the same distinctId is safe.`,
    );
    for (const entry of entries) settle(entry, { status: 'unknown', reason: 'not_confirmed', message });
  }

  /** Tells of an event that ends at the call. */
  function refuse(kind: Entry['kind'], input: unknown, outcome: Undelivered): OutcomeInfo {
    const info = {
      kind,
      event: readText(input, 'event') ?? kind,
      distinctId: readText(input, 'distinctId') ?? platform.randomId(),
    };
    if (outcome.status === 'rejected') {
      const which = kind === 'track' ? `track '${shown(info.event)}'` : kind;
      warnings.throttledEach(`${which}: ${outcome.message} The event is not sent.`);
    } else if (outcome.reason === 'closed') {
      warnings.once('closed', `${kind} after close(): this event and later ones are dropped. Close the client last.`);
    }
    tellOutcome(outcome, info);
    return info;
  }

  /** The entry of an input, or why there is none. */
  function toEntry<Input extends object>(input: Input, encode: Encode<Input>): Entry | Undelivered {
    if (disabled) return { status: 'dropped', reason: 'disabled' };
    let entry: Entry | Refusal | null;
    try {
      entry = encode(input, encoding);
    } catch {
      // What a hostile getter throws may hold anything; it is not repeated.
      entry = new Refusal('unreadable', 'reading the event threw: pass plain data.');
    }
    if (entry === null) return { status: 'dropped', reason: 'before_send' };
    return entry instanceof Refusal ? { status: 'rejected', code: entry.code, message: entry.message } : entry;
  }

  function take<Input extends object>(kind: Entry['kind'], input: Input, encode: Encode<Input>): Receipt {
    const entry: Entry | Undelivered =
      closing === undefined ? toEntry(input, encode) : { status: 'dropped', reason: disabled ? 'disabled' : 'closed' };
    if ('status' in entry) {
      counts.count(entry);
      return settledReceipt(refuse(kind, input, entry).distinctId, entry);
    }
    debug?.encoded(entry);
    const receipt = tracker.open(entry);
    lifetime.ref();
    if (appendBuffer.add(entry)) tellHost();
    return receipt;
  }

  function passOnNotice(): void {
    const notice = outbox.takeNotice?.();
    if (notice) warnings.throttled('notice', notice);
  }

  function within(tx: SqlClient): Transaction<Catalog> {
    if (!('within' in outbox)) {
      throw new OursError(
        'invalid_option',
        "within() needs an outbox in the same database: createPostgresOutbox({ client }) of 'ours-ingest/outbox/postgres'.",
      );
    }
    const append = (outbox as TransactionalOutbox).within(tx);
    const enlist = async <Input extends object>(
      kind: Entry['kind'],
      input: Input,
      encode: Encode<Input>,
    ): Promise<Enlisted> => {
      const entry = toEntry(input, encode);
      if ('status' in entry) return { ...entry, distinctId: refuse(kind, input, entry).distinctId };
      debug?.encoded(entry);
      await append([entry]);
      passOnNotice();
      return { status: 'appended', distinctId: entry.distinctId };
    };
    return {
      track: (input) => enlist('track', input as TrackInput, toTrack),
      identify: (input) => enlist('identify', input, toIdentify),
    };
  }

  /** Sends what there is, full batch or not. */
  async function flushNow(): Promise<void> {
    await appendBuffer.hand();
    if (options.relay) relay.flushNow();
  }

  /** Nothing is thrown where a process may be about to end. */
  function checkFlush(call: string, given: FlushOptions): void {
    const unknown = checkNames(given, FLUSH_NAMES, call);
    if (unknown !== undefined) warnings.throttledEach(unknown.message);
  }

  async function flush(options: FlushOptions = {}): Promise<Totals> {
    checkFlush('flush()', options);
    const { signal } = options;
    signal?.throwIfAborted();
    void flushNow();
    // When the time is over, the rest is pending.
    await counts.barrier(options).catch(() => signal?.throwIfAborted());
    return counts.totals;
  }

  async function shutDown({ timeoutMs = CLOSE_TIMEOUT_MS, signal }: FlushOptions): Promise<Totals> {
    const deadline = monotonic() + timeoutMs;
    const release = (work: Promise<unknown>, graceMs = 0): Promise<unknown> =>
      Promise.race([work.catch(() => undefined), sleep(graceMs + RELEASE_TIMEOUT_MS)]);
    try {
      await flush({ timeoutMs, signal });
    } finally {
      // Requests with other processes' events may still be under way.
      const graceMs = signal?.aborted ? 0 : Math.max(0, deadline - monotonic());
      // Each step has a limit: an outbox or a socket that hangs must not keep the process.
      await release(relay.stop(graceMs), graceMs);
      await release(transport.close());
      await release(outbox.close());
      abandon('the client was closed');
      lifetime.unref();
      counts.end();
      tracker.close();
    }
    return counts.totals;
  }

  const live: LiveClient<Catalog> = {
    isTest: options.token.startsWith(TEST_TOKEN_PREFIX),
    track: (input) => take('track', input as TrackInput, toTrack),
    identify: (input) => take('identify', input, toIdentify),
    async assign(experimentKey: string, asked: AssignQuestion) {
      if (disabled) return { inExperiment: false, experimentKey, reason: 'fallback' } satisfies Assignment;
      if (options.experiments && !Object.hasOwn(options.experiments, experimentKey)) {
        const known = Object.keys(options.experiments).join(', ');
        warnings.throttledEach(
          `experiment '${shown(experimentKey)}' is not in your experiments, and is asked for all the same. Known: ${known}. If it is new, run npx ours-ingest pull.`,
        );
      }
      // The names are the account's, which the types were made of.
      return keepProcess(assigner.assign(experimentKey, asked)) as Promise<Assignment<never>>;
    },
    async personalization(asked) {
      return disabled ? [] : keepProcess(assigner.personalization(asked));
    },
    within,
    flush,
    close(flushOptions = {}) {
      checkFlush('close()', flushOptions);
      closing ??= keepProcess(shutDown(flushOptions));
      return closing;
    },
  };
  const testVisits = createTestVisits({
    testToken: options.testToken,
    live,
    create: () =>
      assembleClient<Catalog>(
        { ...options, token: options.testToken!, outbox: undefined, relay: true, exposures: undefined },
        platform,
      ),
    warnings,
  });
  const client: Client<Catalog> = {
    ...live,
    visitor: (input) => createVisitor(testVisits.clientOf(input), input),
    flush: testVisits.flush,
    close: testVisits.close,
    async [Symbol.asyncDispose]() {
      await client.close();
    },
  };
  return Object.freeze(client);
}

/** A name that may be long, and no text at all, for a message. */
function shown(name: string): string {
  return String(name).slice(0, 80);
}

/** A text field of an input that may be anything, for naming it in an outcome. */
function readText(input: unknown, field: string): string | undefined {
  try {
    const value = (input as Record<string, unknown>)[field];
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}
