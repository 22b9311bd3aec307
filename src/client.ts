import { Assigner } from './assignment/assign.js';
import type { Assignment, AssignOptions, Personalization } from './assignment/assignment.js';
import { type Encode, throughBeforeSend } from './before-send.js';
import { SkewedClock } from './delivery/clock.js';
import { createFetchPost } from './delivery/fetch-post.js';
import { Gate } from './delivery/gate.js';
import { createHttpTransport } from './delivery/http-transport.js';
import { Relay } from './delivery/relay.js';
import { retrying } from './delivery/retrying-transport.js';
import { MAX_TIMER_MS, sleep } from './delivery/timers.js';
import { Intake } from './intake.js';
import { KeepAlive } from './keep-alive.js';
import { Ledger, type Receipt, type Totals } from './ledger.js';
import { Episodes, guardLogger } from './logger.js';
import { type ClientOptions, resolveOptions } from './options.js';
import { createMemoryOutbox } from './outbox/memory.js';
import type { Outcome, OutcomeInfo } from './outcome.js';
import type { Platform } from './platform.js';
import { createCatalogCheck, type EventCatalog } from './protocol/catalog.js';
import {
  type EncodeContext,
  type Entry,
  encodeIdentify,
  encodeTrack,
  type IdentifyInput,
  type TrackInput,
} from './protocol/event.js';
import { Refusal } from './protocol/refusal.js';
import { createVisitor, type Visitor, type VisitorInput } from './visitor.js';

/** How long `flush` and `close` may take. */
export interface FlushOptions {
  /** Milliseconds after which the rest is left pending. @default none for `flush`, 5000 for `close` */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const CLOSE_TIMEOUT_MS = 5_000;
const RELEASE_TIMEOUT_MS = 1_000;

/** Sends events and asks for assignments. Every method may be called without its receiver. */
export interface Client<Catalog extends EventCatalog = EventCatalog> {
  /**
   * Takes an event. Synchronous, and it never throws for what it is given: a wrong event's receipt is settled as `rejected`
   * with a code and a message.
   */
  track(input: TrackInput<Catalog>): Receipt;
  /** Takes a person's names and properties. They arrive in order, and before the person's later events. */
  identify(input: IdentifyInput): Receipt;
  /**
   * Asks for the visitor's variant. Never the control for want of an answer: a timeout or failure is
   * `{ inExperiment: false, reason: 'fallback' }`.
   * @throws the signal's reason
   */
  assign(
    experimentKey: string,
    options: AssignOptions & { readonly visitorId: string | undefined },
  ): Promise<Assignment>;
  /**
   * What the visitor has been given in experiments of type `personalization`; records nothing.
   * @throws {OursError} `assignment_failed`
   */
  personalization(
    options: Pick<AssignOptions, 'timeoutMs' | 'signal'> & { readonly visitorId: string | undefined },
  ): Promise<readonly Personalization[]>;
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

/** Builds a client for a runtime. */
export function buildClient<Catalog extends EventCatalog = EventCatalog>(
  options: ClientOptions<Catalog>,
  platform: Platform,
): Client<Catalog> {
  const resolved = resolveOptions(options as ClientOptions, platform.env);
  const { baseUrl, concurrency, requestTimeoutMs, maxBatchBytes, disabled } = resolved;
  const { now, monotonic, random } = platform;
  const logger = guardLogger(options.logger ?? console);
  const episodes = new Episodes(logger, monotonic);
  const clock = new SkewedClock(now);
  const gate = new Gate({ concurrency, monotonic, random, episodes });
  const { fetch } = options;
  // One socket more than there are senders: a page that asks for its variant does not wait behind batches.
  const connections = concurrency + (resolved.experimentToken === undefined ? 0 : 1);
  const transport = createHttpTransport({
    post: fetch === undefined ? platform.createPost(baseUrl, connections) : createFetchPost(baseUrl, () => fetch),
    requestTimeoutMs,
    clock,
    now,
  });
  const outbox = options.outbox ?? createMemoryOutbox({ ...resolved, monotonic });
  const ledger = new Ledger({ entriesComeBackAsCopies: outbox.durable, onWait: () => void hurry() });

  const settle = (entry: Entry, outcome: Outcome): void => {
    // What is not open here was settled before, unless it is another process's.
    if (!ledger.settle(entry, outcome) && !outbox.durable) return;
    tellOutcome(outcome, entry);
    if (ledger.openCount === 0) keepAlive.letGo();
  };
  const relay = new Relay({
    ...resolved,
    outbox,
    transport: retrying(transport, { gate, maxRetries: resolved.maxRetries, random }),
    singleTry: retrying(transport, { gate, maxRetries: 0, random }),
    gate,
    clock,
    monotonic,
    random,
    episodes,
    onSettled: settle,
  });
  const intake = new Intake({
    outbox,
    episodes,
    onAppended(entries, durable) {
      for (const entry of durable ? entries : []) {
        if (resolved.relay) ledger.markStored(entry);
        else ledger.handOver(entry);
      }
      if (resolved.relay) relay.notify(entries.length);
      else if (ledger.openCount === 0) keepAlive.letGo();
    },
    onDropped: (entry, reason) => settle(entry, { status: 'dropped', reason }),
  });
  const assigner = new Assigner({
    transport,
    experimentToken: resolved.experimentToken,
    timeoutMs: resolved.assignTimeoutMs,
    monotonic,
    episodes,
    isDown: () => gate.isDown,
  });

  const encoding: EncodeContext = {
    clock: () => clock.read(),
    randomId: platform.randomId,
    // Room for the token and the names around the row.
    maxBytes: maxBatchBytes - 512,
    catalog: options.events === undefined ? undefined : createCatalogCheck(options.events),
    onUnreadable: (event, property) =>
      episodes.remind(
        `unreadable ${event}`,
        `property '${property}' of event '${event}' could not be read and is left out.`,
      ),
  };
  const { beforeSend } = options;
  const toTrack = beforeSend === undefined ? encodeTrack : throughBeforeSend(beforeSend, encodeTrack);
  const toIdentify = beforeSend === undefined ? encodeIdentify : throughBeforeSend(beforeSend, encodeIdentify);
  const keepAlive = new KeepAlive({
    platform,
    waitUntil: options.waitUntil,
    episodes,
    flush: async (timeoutMs) => {
      // Once this tick's events are together: one flush, one append.
      await undefined;
      await flush({ timeoutMs });
      return ledger.openCount;
    },
  });
  let closing: Promise<Totals> | undefined;

  function tellOutcome(outcome: Outcome, info: OutcomeInfo): void {
    try {
      const { kind, event, distinctId } = info;
      options.onOutcome?.(outcome, { kind, event, distinctId });
    } catch {
      episodes.remind('onOutcome', 'onOutcome threw; the event is settled all the same.');
    }
  }

  /** Ends an event at the call. */
  function endAtCall(kind: Entry['kind'], input: unknown, outcome: Outcome): Receipt {
    const info = {
      kind,
      event: readText(input, 'event') ?? kind,
      distinctId: readText(input, 'distinctId') ?? platform.randomId(),
    };
    if (outcome.status === 'rejected') {
      episodes.remind(`rejected ${outcome.code}`, `${kind}: ${outcome.message} The event is not sent.`);
    }
    tellOutcome(outcome, info);
    return ledger.openSettled(info.distinctId, outcome);
  }

  function take<Input extends object>(kind: Entry['kind'], input: Input, encode: Encode<Input>): Receipt {
    if (disabled) return endAtCall(kind, input, { status: 'dropped', reason: 'disabled' });
    if (closing !== undefined) return endAtCall(kind, input, { status: 'dropped', reason: 'closed' });
    let entry: Entry | Refusal | null;
    try {
      entry = encode(input, encoding);
    } catch {
      // What a hostile getter throws may hold anything; it is not repeated.
      entry = new Refusal('unreadable', 'reading the event threw: pass plain data.');
    }
    if (entry === null) return endAtCall(kind, input, { status: 'dropped', reason: 'before_send' });
    if (entry instanceof Refusal) {
      return endAtCall(kind, input, { status: 'rejected', code: entry.code, message: entry.message });
    }
    const receipt = ledger.open(entry);
    keepAlive.hold();
    if (intake.add(entry)) keepAlive.tellHost();
    return receipt;
  }

  /** Sends what there is, full batch or not. */
  async function hurry(): Promise<void> {
    await intake.hand();
    if (resolved.relay) relay.hurry();
  }

  async function flush({ timeoutMs, signal }: FlushOptions = {}): Promise<Totals> {
    signal?.throwIfAborted();
    const everythingSoFar = ledger.barrier(signal);
    const done = Promise.all([hurry(), everythingSoFar]);
    await (timeoutMs === undefined ? done : withDeadline(done, timeoutMs));
    return ledger.totals;
  }

  async function shutDown({ timeoutMs = CLOSE_TIMEOUT_MS, signal }: FlushOptions): Promise<Totals> {
    try {
      await flush({ timeoutMs, signal });
    } finally {
      keepAlive.letGo();
      // An outbox that hangs must not keep the process.
      await Promise.race([relay.stop(), sleep(RELEASE_TIMEOUT_MS)]);
      await transport.close();
      ledger.close();
      await outbox.close().catch(() => undefined);
    }
    return ledger.totals;
  }

  const client: Client<Catalog> = {
    track: (input) => take('track', input as TrackInput, toTrack),
    identify: (input) => take('identify', input, toIdentify),
    async assign(experimentKey, { visitorId, ...rest }) {
      if (disabled) return { inExperiment: false, experimentKey, reason: 'fallback' };
      return assigner.assign(experimentKey, visitorId, rest);
    },
    async personalization({ visitorId, ...rest }) {
      return disabled || !visitorId ? [] : assigner.personalization(visitorId, rest);
    },
    visitor: (input) => createVisitor(client, input),
    flush,
    close(flushOptions = {}) {
      closing ??= shutDown(flushOptions);
      return closing;
    },
    async [Symbol.asyncDispose]() {
      await client.close();
    },
  };
  return Object.freeze(client);
}

/** Waits for `work`, and no longer than `ms`. Keeps the process for that long: somebody waits for the answer. */
async function withDeadline(work: Promise<unknown>, ms: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, Math.min(ms, MAX_TIMER_MS));
  });
  await Promise.race([work, deadline]).finally(() => clearTimeout(timer));
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
