import { sentenceOf, type WarnOnce } from '../core/logger.js';
import type { Outcome } from '../core/outcome.js';
import type { AppendFailure } from '../outbox/outbox.js';
import type { Entry } from '../protocol/event.js';
import type { Appended, DurablyAppended } from '../tracking/polled-outbox.js';

/** Appending before the end of the tick keeps a long synchronous loop within the limits of the outbox. */
const MAX_GROUP = 256;
const NONE: ReadonlyMap<Entry, Promise<DurablyAppended>> = new Map();

const QUEUE_FULL: Outcome = { status: 'dropped', reason: 'queue_full' };
const UNANSWERED: Outcome = {
  status: 'unknown',
  reason: 'unanswered',
  message: 'the queue was full, and the event had been sent without an answer.',
};

export interface AppendBufferOptions {
  readonly append: (entries: readonly Entry[]) => Promise<Appended | DurablyAppended>;
  readonly warnings: WarnOnce;
  readonly onAppended: (entries: readonly Entry[], answer: Appended) => void;
  /** The outbox has not stored an entry, or may not have. */
  readonly onNotAppended: (entry: Entry, outcome: Outcome) => void;
}

/** Collects the entries of one tick for a single append: one transaction, one promise. */
export interface AppendBuffer {
  /** Adds an entry. Returns whether it is the first of its group. */
  add(entry: Entry): boolean;
  /** Appends the group. Resolves when this append and all earlier ones have ended. Never rejects. */
  hand(): Promise<void>;
}

export function createAppendBuffer({ append, warnings, onAppended, onNotAppended }: AppendBufferOptions): AppendBuffer {
  let group: Entry[] = [];
  let underWay = Promise.resolve();

  async function take(entries: readonly Entry[], appendThem: () => Promise<Appended | DurablyAppended>): Promise<void> {
    try {
      const answer = await appendThem();
      const { dropped } = answer;
      const deferred = 'deferred' in answer ? (answer.deferred ?? NONE) : NONE;
      // Deferred entries are answered later. The other entries and a flush do not wait for them.
      for (const [entry, appended] of deferred) void take([entry], () => appended);
      const unanswered = new Set(answer.unanswered);
      for (const entry of dropped) onNotAppended(entry, unanswered.has(entry) ? UNANSWERED : QUEUE_FULL);
      if (dropped.length > 0) {
        // Under load, a queue may be full many times a second.
        warnings.throttled(
          'queue_full',
          `the queue is full: ${dropped.length} events are dropped, each with an outcome. Raise maxQueueSize or maxQueueBytes, or those of the outbox you pass.`,
        );
      }
      const absent = new Set([...dropped, ...deferred.keys()]);
      onAppended(absent.size === 0 ? entries : entries.filter((entry) => !absent.has(entry)), answer);
    } catch (error) {
      const message = sentenceOf(error);
      const isCertain = (error as AppendFailure | undefined)?.storedNothing === true;
      const what = isCertain ? 'could not be stored and are dropped' : 'may be lost: the outbox did not confirm them';
      warnings.throttled('append', `${entries.length} events ${what}. Each has an outcome: ${message}`);
      const outcome: Outcome = isCertain
        ? { status: 'dropped', reason: 'outbox_failed', message }
        : { status: 'unknown', reason: 'not_confirmed', message };
      for (const entry of entries) onNotAppended(entry, outcome);
    }
  }

  function hand(): Promise<void> {
    if (group.length > 0) {
      const entries = group;
      group = [];
      const taken = take(entries, () => append(entries));
      underWay = Promise.all([underWay, taken]).then(() => undefined);
    }
    return underWay;
  }

  return {
    hand,
    add(entry) {
      const isFirst = group.push(entry) === 1;
      if (group.length >= MAX_GROUP) void hand();
      else if (isFirst) queueMicrotask(hand);
      return isFirst;
    },
  };
}
