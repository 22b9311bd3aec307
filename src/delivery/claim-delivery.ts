import type { Entry } from '../protocol/event.js';
import { type Followers, followers, partition } from '../protocol/followers.js';
import type { SendResult } from '../transport/send-result.js';
import type { Transport } from '../transport/transport.js';
import { type Batch, cut, cutToFit, frameBytes, toBatches, toRequest } from './batch.js';
import type { Sent } from './circuit-breaker.js';
import { createIdentifyPause } from './identify-pause.js';
import { createPoisonIsolator } from './poison-isolator.js';
import { chooseProbe } from './probe-search.js';
import { refusalOf } from './refusals.js';
import { MAX_RETRIES_IN_PLACE, retrying, SLOW_MS } from './retrying-transport.js';
import { createSettlement, type SettlementOptions } from './settlement.js';

/** A claim stops sending suspects once the service has taken nothing for this long; a single sender stops after this long anyway. */
const ISOLATE_FOR_MS = 1_000;

/** The share of probes that may take an identify while identifies are paused: their endpoint may be the first to work again. */
const PAUSED_PROBES = 0.1;

export interface ClaimDeliveryOptions extends SettlementOptions {
  /** Sends a request once. */
  readonly transport: Transport;
  readonly flushAt: number;
  readonly maxBatchBytes: number;
  readonly concurrency: number;
  readonly monotonic: () => number;
}

/**
 * Sends claimed entries batch by batch, and settles or releases each. Rejects when the outbox does.
 *
 * First are clean events that follow no identify, then clean identifies and what follows them. Suspects of poison isolation are
 * sent after that, for a limited time and on all senders but one, so that one is always free for clean events. While identifies
 * are paused, one of them is tried at the end. If an identify is released, the events behind it are released with it, and no
 * others.
 */
export interface ClaimDelivery {
  /** The limits of one request, lowered to those that the service states. */
  readonly limits: { readonly rows: number; readonly bytes: number };
  /** @param endsAt the monotonic time after which no request begins */
  deliver(entries: readonly Entry[], endsAt: number): Promise<void>;
  /**
   * Probes with one of the entries. If the service takes it, the entries behind it follow at once.
   * @param skipMs how long the other entries are delayed otherwise, while the breaker is searching
   */
  probe(entries: readonly Entry[], skipMs: number, endsAt: number): Promise<void>;
}

type Retryable = SendResult & { readonly kind: 'retryable' };

/** A refused token. If other requests pass, the event may be the reason; if not, the breaker has opened, and it is excused. */
const UNAUTHORIZED: Retryable = { kind: 'retryable', scope: 'service', reason: 'HTTP 401' };

/** One request, with its retries. */
interface Attempt {
  /** What the isolator's `successes` returned before it. */
  readonly successesBefore: number;
  /** Whether it is an outage if all retries fail and nothing else was accepted meanwhile. */
  readonly maySignalOutage: boolean;
  readonly tookMs: number;
}

export function createClaimDelivery(options: ClaimDeliveryOptions, signal: AbortSignal): ClaimDelivery {
  const { breaker, clock, token, maxRetries, monotonic, random } = options;
  const sendRetrying = retrying(options.transport, options);
  const isolator = createPoisonIsolator(random, monotonic);
  const pause = createIdentifyPause(random, monotonic);
  const settlement = createSettlement(options, isolator, pause);
  const { release, settle, withoutUnsendable, retryLater, takeRows, resendLater } = settlement;
  const maxIsolating = Math.max(1, options.concurrency - 1);
  const limits = { rows: options.flushAt, bytes: options.maxBatchBytes };
  /** The number of senders that are sending suspects. */
  let isolating = 0;
  let succeededAt = Number.NEGATIVE_INFINITY;

  async function deliver(claimed: readonly Entry[], endsAt: number): Promise<void> {
    const entries = await withoutUnsendable(claimed);
    const [paused, active] = pause.isOn ? partition(entries, isIdentify) : [[], entries];
    const [suspects, clean] = partition(active, isolator.isSuspect);
    // What follows no identify need not wait for one.
    const [bound, free] = partition(clean, isIdentify);
    const isBehind = followers();
    const batches = [...toBatches(free), ...toBatches(bound)];
    const fitted = batches.flatMap((batch) => (batch.kind === 'track' ? toLimits(batch) : [batch]));
    await release(await sendAll(fitted, 'fresh', isBehind, () => monotonic() <= endsAt), 0);
    if (suspects.length > 0) await deliverSuspects(suspects, isBehind, endsAt);
    if (paused.length > 0) await deliverPaused(paused, endsAt);
  }

  /** Tries one of the identifies if it is time. Puts the others aside, with what follows them. */
  async function deliverPaused(paused: readonly Entry[], endsAt: number): Promise<void> {
    let rest = await releaseEarly(paused);
    if (rest.length > 0 && breaker.isClosed && !signal.aborted && monotonic() <= endsAt && pause.admit()) {
      const at = chooseProbe(rest, isolator.lastFailure, random);
      const batch: Batch = { kind: 'identify', entries: [rest[at]!] };
      rest = [...rest.slice(0, at), ...rest.slice(at + 1)];
      await send(batch, 'try', followers(), () => monotonic() <= endsAt);
    }
    rest = await settlement.withoutGivenUp(rest);
    await release(rest, pause.isOn && !signal.aborted ? pause.asideMs(rest.length) : 0);
  }

  /** Releases suspects whose turn is later, with what follows them. Resolves to the others. */
  async function releaseEarly(entries: readonly Entry[]): Promise<readonly Entry[]> {
    const [early, due] = partition(entries, (entry) => isolator.turnInMs(entry) > 0);
    await release(early, Math.max(...early.map(isolator.turnInMs)));
    return due;
  }

  async function deliverSuspects(suspects: readonly Entry[], isBehind: Followers, endsAt: number): Promise<void> {
    const due = await releaseEarly(suspects);
    let rest = due;
    if (isolating < maxIsolating) {
      isolating += 1;
      const startedAt = monotonic();
      const hasTime = (): boolean => {
        const since = options.concurrency > 1 ? Math.max(startedAt, succeededAt) : startedAt;
        return monotonic() <= Math.min(endsAt, since + ISOLATE_FOR_MS);
      };
      try {
        const batches = toBatches(due).flatMap((batch) => isolator.isolate(batch, limits.rows).flatMap(toLimits));
        rest = await sendAll(batches, 'suspect', isBehind, hasTime);
      } finally {
        isolating -= 1;
      }
    }
    await release(rest, isolator.retryDelayMs(rest));
  }

  async function probe(claimed: readonly Entry[], skipMs: number, endsAt: number): Promise<void> {
    const entries = await withoutUnsendable(claimed);
    if (entries.length === 0) return;
    const chosen = chosenOf(entries);
    const at = entries.indexOf(chosen);
    const batch = { kind: chosen.kind, entries: [chosen] };
    const isSettled = await send(batch, 'probe', followers(), () => monotonic() <= endsAt);
    const before = entries.slice(0, at);
    const behind = entries.slice(at + 1);
    if (!breaker.isClosed) {
      return release([...before, ...behind], breaker.isSearching ? skipMs : 0);
    }
    // If one event passes, its neighbours probably do. Entries that must follow an identify in front of it wait. So do those behind
    // the probe itself if it failed: another sender's request has closed the breaker then.
    const isBehind = followers(isSettled ? before : [...before, chosen]);
    const [waiting, following] = partition(behind, isBehind);
    await release([...before, ...waiting], 0);
    await deliver(following, endsAt);
  }

  /** While identifies are paused, most probes take what follows none: an identify would probably fail whether or not the outage is over. */
  function chosenOf(entries: readonly Entry[]): Entry {
    const [, free] = pause.isOn && random() >= PAUSED_PROBES ? partition(entries, isIdentify) : [[], entries];
    const candidates = free.length > 0 ? free : entries;
    return candidates[chooseProbe(candidates, isolator.lastFailure, random, settlement.mayBePassed)]!;
  }

  function toLimits(batch: Batch): Batch[] {
    return cutToFit(batch, limits.rows, limits.bytes - frameBytes(token));
  }

  /** Sends batches in order. Resolves to the entries that were not sent. */
  async function sendAll(
    batches: readonly Batch[],
    sent: Sent,
    isBehind: Followers,
    hasTime: () => boolean,
  ): Promise<readonly Entry[]> {
    const rest: Entry[] = [];
    for (const { kind, entries } of batches) {
      const isPaused = kind === 'identify' && pause.isOn;
      const mayGo = breaker.isClosed && !signal.aborted && !isPaused && hasTime();
      const [waiting, free] = mayGo ? partition(entries, isBehind) : [entries, []];
      isBehind.add(waiting);
      rest.push(...waiting);
      if (free.length > 0 && !(await send({ kind, entries: free }, sent, isBehind, hasTime))) isBehind.add(free);
    }
    return rest;
  }

  /** Sends one batch and settles or releases its entries. Returns whether all of them are settled. */
  async function send(batch: Batch, sent: Sent, isBehind: Followers, hasTime: () => boolean): Promise<boolean> {
    const { kind, entries } = batch;
    const successesBefore = isolator.successes(kind);
    const startedAt = monotonic();
    const sentAt = clock.read();
    // While events are known to be bad, a failed request probably contains another: isolating it begins at once.
    const mayRetry = sent === 'fresh' && !isolator.hasBad;
    const retries = mayRetry ? Math.min(maxRetries, MAX_RETRIES_IN_PLACE) : 0;
    // A failing identify may be the first sign of an outage only while no events are taken.
    const isEndpointOnly = kind === 'identify' && sent !== 'probe' && pause.isEndpointOnly;
    const observed = isEndpointOnly ? 'try' : sent === 'try' ? 'fresh' : sent;
    for (const entry of entries) entry.wasSent = true;
    const answer = await sendRetrying(toRequest(batch, token, sentAt), observed, retries, signal);
    const result = answer.kind === 'unauthorized' ? UNAUTHORIZED : answer;
    if (result.kind === 'retryable' && signal.aborted) {
      await release(entries, 0);
      return false;
    }
    const sendRest = (batches: readonly Batch[]): Promise<readonly Entry[]> =>
      sendAll(batches, sent, isBehind, hasTime);
    if (result.kind === 'retryable') {
      const tookMs = monotonic() - startedAt;
      // A suspect is expected to fail, but an overload is not its fault.
      const countsForPause = sent === 'fresh' || sent === 'try' || (sent === 'suspect' && result.scope === 'service');
      if (kind === 'identify' && countsForPause) pause.failed(result, tookMs, sent === 'try');
      return handleFailure(
        batch,
        sent,
        result,
        { successesBefore, maySignalOutage: mayRetry && !isEndpointOnly, tookMs },
        sendRest,
      );
    }
    pause.answered(kind);
    // An answer that failed every row is no evidence against an event.
    if (result.kind !== 'delivered' || result.failures.length < entries.length) {
      isolator.recordSuccess(kind);
      succeededAt = monotonic();
    }
    if (result.kind === 'delivered') return takeRows(entries, result.failures, sentAt);
    if (result.kind === 'rejected' && (await resendLater(entries, sentAt, result.message))) return false;
    if (result.kind === 'tooLarge') lowerLimit(result.limit, entries.length);
    if (entries.length === 1) return settle(entries, refusalOf(result, entries, token));
    // Halve it until the one bad row is alone.
    const rest = await sendRest(cut(batch, Math.ceil(entries.length / 2)));
    await release(rest, 0);
    return rest.length === 0;
  }

  /** Handles a request that failed after its retries: as an outage, or as the fault of one of its events. */
  async function handleFailure(
    batch: Batch,
    sent: Sent,
    result: Retryable,
    { successesBefore, maySignalOutage, tookMs }: Attempt,
    sendRest: (batches: readonly Batch[]) => Promise<readonly Entry[]>,
  ): Promise<boolean> {
    const { kind, entries } = batch;
    // All retries failed and nothing else was accepted meanwhile: that is an outage, not the fault of this batch.
    const isOutage = maySignalOutage && breaker.isClosed && isolator.successes(kind) === successesBefore;
    if (isOutage) breaker.open(result.reason, result.afterMs);
    // The failure of a probe counts although the breaker is open, once another probe has passed.
    const isExcused = !breaker.isClosed && sent !== 'probe';
    const isProven = isolator.recordFailure(entries, { successesBefore, isExcused, tookMs });
    const mayDivide = sent === 'suspect' && entries.length > 1 && breaker.isClosed;
    if (!mayDivide || tookMs >= SLOW_MS || result.afterMs !== undefined) {
      return retryLater(entries, sent, result, isProven);
    }
    // Some of the suspects are probably good: they need not wait for another claim.
    const rest = await sendRest(isolator.divide(batch));
    await release(rest, isolator.retryDelayMs(rest));
    return rest.length === 0;
  }

  function lowerLimit(limit = Number.POSITIVE_INFINITY, rows: number): void {
    // [A] The limit is said to be in bytes; a number no larger than the rows that were sent can only mean rows.
    if (limit <= rows) limits.rows = Math.min(limits.rows, limit);
    else limits.bytes = Math.min(limits.bytes, limit);
  }

  return { limits, deliver, probe };
}

function isIdentify({ kind }: Entry): boolean {
  return kind === 'identify';
}
