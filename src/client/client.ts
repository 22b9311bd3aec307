import type { ClientCatalog, ExperimentCatalog } from '../assignment/experiment-catalog.js';
import { createExposureTimes } from '../assignment/exposure-times.js';
import { createWarnOnce, guardLogger } from '../core/logger.js';
import type { Outcome, Undelivered } from '../core/outcome.js';
import { createAppendBuffer } from '../delivery/append-buffer.js';
import { createRelay } from '../delivery/relay.js';
import { createMemoryOutbox } from '../outbox/memory.js';
import type { Outbox } from '../outbox/outbox.js';
import { readState } from '../outbox/outbox-state.js';
import type { EventCatalog } from '../protocol/catalog.js';
import type { Entry, TrackInput } from '../protocol/event.js';
import { TEST_TOKEN_PREFIX } from '../protocol/wire.js';
import type { Platform } from '../runtime/platform.js';
import { createTellHost } from '../runtime/tell-host.js';
import { createDeliveryCounts } from '../tracking/delivery-counts.js';
import { createMemoryTracker } from '../tracking/memory-tracker.js';
import { type Receipt, settledReceipt } from '../tracking/receipt.js';
import type { ReceiptTracker } from '../tracking/receipt-tracker.js';
import { sharedTrackerFor } from '../tracking/tracker-registry.js';
import { createSkewedClock } from '../transport/clock.js';
import type { ClientContext } from './context.js';
import { createTransaction } from './create-transaction.js';
import { createVisitor } from './create-visitor.js';
import { createEncoders, type Encoder } from './encoder.js';
import { createFlushAndClose } from './flush-and-close.js';
import { type ClientOptions, type ResolvedOptions, resolveOptions } from './options.js';
import { createOutcomeReporter } from './outcomes.js';
import { warnOfPlainHttp } from './plain-http.js';
import { createQuestions } from './questions.js';
import { createServiceLine } from './service-line.js';
import { createTestVisits, type LiveClient } from './test-visits.js';
import type { Client, FlushOptions } from './types.js';

/** How often a client polls a shared outbox for entries of other processes. */
const ROUND_MS = 1_000;

const FORGOTTEN: Outcome = { status: 'dropped', reason: 'forgotten' };
const FORGOTTEN_LATE: Outcome = {
  status: 'unknown',
  reason: 'unanswered',
  message: 'the event was forgotten, and may have been sent before.',
};

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

/** Builds a client from options that have been checked. */
export function assembleClient<Catalog extends EventCatalog = EventCatalog>(
  options: ResolvedOptions,
  platform: Platform,
): Client<Catalog> {
  const { disabled } = options;
  const { monotonic } = platform;
  const logger = guardLogger(options.logger ?? console);
  const warnings = createWarnOnce(logger, monotonic);
  const clientId = platform.randomId().slice(-12);
  const observer = platform.createObserver?.({
    client: clientId,
    host: new URL(options.baseUrl).host,
    debug: options.debug ? logger.debug : undefined,
  });
  if (options.debug && !observer) logger.warn('debug has no effect on this runtime.');
  const clock = createSkewedClock({
    ...platform,
    // A shared outbox also holds events of other processes.
    isOwn: (owner) => !options.outbox?.durable || (typeof owner === 'string' && owner.startsWith(`${clientId}.`)),
  });
  const context: ClientContext = { ...platform, options, clock, logger, warnings, observer };
  const { transport, breaker } = createServiceLine(context);
  const outbox: Outbox = options.outbox ?? createMemoryOutbox({ ...options, monotonic });
  const counts = createDeliveryCounts((wait) => lifetime.hold(wait));
  const outcomes = createOutcomeReporter(context);
  const tracker: ReceiptTracker = outbox.durable
    ? sharedTrackerFor(outbox, {
        counts,
        id: clientId,
        relays: options.relay && !disabled,
        intervalMs: Math.max(ROUND_MS, options.flushIntervalMs),
        token: options.token,
        warnings,
        flushNow: () => relay.flushNow(),
        schedule: () => relay.schedule(0),
      })
    : createMemoryTracker(outbox, counts, () => void flushNow());

  const unrefWhenDone = (): void => {
    if (counts.openCount === 0) lifetime.unref();
  };
  /** Counts all of the entries before it reports the first: `onOutcome` may end the process, which says how many are left. */
  const settle = (entries: readonly Entry[], outcome: Outcome): void => {
    const settled = entries.filter((entry) => tracker.settle(entry, outcome));
    unrefWhenDone();
    for (const entry of settled) outcomes.report(outcome, entry);
  };
  const relay = createRelay({ ...options, ...context, outbox, transport, breaker, onSettled: settle });
  const appendBuffer = createAppendBuffer({
    append: (entries) => outbox.append(entries),
    warnings,
    onAppended(entries, answer) {
      tracker.appended(entries, answer);
      observer?.stored(entries.length);
      warnOfNotice();
      if (options.relay) relay.schedule(entries.length);
      unrefWhenDone();
    },
    onNotAppended: (entry, outcome) => settle([entry], outcome),
  });
  const exposureTimes = createExposureTimes(() => clock.read());
  const encoders = createEncoders(context, exposureTimes);
  const flushTick = async (flushOptions?: FlushOptions): Promise<void> => {
    // All events of this tick share one append and one flush.
    await undefined;
    await flush(flushOptions);
  };
  const tellHost = createTellHost({ platform, waitUntil: options.waitUntil, warnings, flush: flushTick });
  const lifetime = platform.createLifetime({
    progress: () => counts.closedCount,
    flush: flushTick,
    giveUp() {
      transport.interrupt();
      abandon('the process ended');
    },
    onExit(isLate) {
      // The next process delivers the events that a durable outbox has confirmed.
      if (outbox.durable) abandon('the process ended', isLate);
      else if (counts.openCount > 0) {
        warnOfLoss(
          'exit',
          `the process ends with ${counts.openCount} events undelivered, and they are lost: the service did not accept them in time, or process.exit() ran before close().`,
          isLate,
        );
      }
    },
  });
  let abandoned = 0;
  /** A late event makes the number of the last warning wrong, so it is told again. */
  function warnOfLoss(topic: string, message: string, isLate: boolean): void {
    if (isLate) warnings.throttledEach(message);
    else warnings.throttled(topic, message);
  }
  /** Settles the events whose append has no answer: this client will not learn their outcome. */
  function abandon(when: string, isLate = false): void {
    const entries = tracker.unconfirmed();
    if (entries.length === 0) return;
    const message = `the outbox had not confirmed the event when ${when}.`;
    abandoned += entries.length;
    warnOfLoss(
      'unconfirmed',
      `${abandoned} events may be lost: the outbox had not confirmed them when ${when}. Check that it can be reached; sending them again with the same distinctId is safe.`,
      isLate,
    );
    settle(entries, { status: 'unknown', reason: 'not_confirmed', message });
  }

  function take<Input>(kind: Entry['kind'], input: Input, encode: Encoder<Input>): Receipt {
    const entry: Entry | Undelivered = !ending.isClosing
      ? encode(input)
      : { status: 'dropped', reason: disabled ? 'disabled' : 'closed' };
    if ('status' in entry) {
      counts.count(entry);
      return settledReceipt(outcomes.refuse(kind, input, entry).distinctId, entry);
    }
    observer?.tracked(entry);
    const receipt = tracker.open(entry);
    lifetime.ref();
    if (appendBuffer.add(entry)) tellHost();
    return receipt;
  }

  function warnOfNotice(): void {
    const notice = outbox.takeNotice?.();
    if (notice) warnings.throttled('notice', notice);
  }

  /** Sends everything, full batch or not. */
  async function flushNow(): Promise<void> {
    await appendBuffer.hand();
    if (options.relay) relay.flushNow();
  }

  const ending = createFlushAndClose(context, {
    counts,
    relay,
    transport,
    outbox,
    flushNow,
    onClosed() {
      abandon('the client was closed');
      lifetime.unref();
      counts.end();
      tracker.close();
    },
  });
  const { flush, close } = ending;
  const questions = createQuestions<Catalog>(context, {
    transport,
    onRecorded: (userId) => exposureTimes.note(userId),
    isDown: () => breaker.isDown,
  });
  const live: LiveClient<Catalog> = {
    isTest: options.token.startsWith(TEST_TOKEN_PREFIX),
    track: (input) => take('track', input as TrackInput, encoders.track),
    identify: (input) => take('identify', input, encoders.identify),
    assign: questions.assign,
    personalization: questions.personalization,
    within: (tx) => createTransaction<Catalog>(context, { outbox, encoders, outcomes, onAppended: warnOfNotice }, tx),
    async stats() {
      // An event of this tick is not in the outbox before its append.
      await appendBuffer.hand();
      return { ...(await readState(outbox, platform.now)), circuit: breaker.state };
    },
    async forget(person, forgetOptions) {
      const dryRun = forgetOptions?.dryRun ?? false;
      await appendBuffer.hand();
      const forgotten = await outbox.forget(person, {
        dryRun,
        onRemoved: (entry, isClaimed) => settle([entry], isClaimed || entry.wasSent ? FORGOTTEN_LATE : FORGOTTEN),
      });
      const { userId } = person;
      if (userId === undefined) return { ...forgotten, exposures: 0 };
      if (!dryRun) exposureTimes.forget(userId);
      return { ...forgotten, exposures: await questions.forget(userId, dryRun) };
    },
    flush,
    close,
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
    forget: testVisits.forget,
    flush: testVisits.flush,
    close: testVisits.close,
    async [Symbol.asyncDispose]() {
      await client.close();
    },
  };
  return Object.freeze(client);
}
