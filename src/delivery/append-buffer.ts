import { sentenceOf, type WarnOnce } from '../core/logger.js';
import type { Outcome } from '../core/outcome.js';
import type { AppendFailure } from '../outbox/outbox.js';
import type { Entry } from '../protocol/event.js';
import type { Appended, DurablyAppended } from '../tracking/polled-outbox.js';

/** Handing over sooner than the tick's end keeps a long synchronous loop within the outbox's bounds. */
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
  /** An entry is not in the outbox, or may not be. */
  readonly onNotAppended: (entry: Entry, outcome: Outcome) => void;
}

/** Collects the entries of one tick, so that the outbox takes them in one append: one transaction, one promise. */
export interface AppendBuffer {
  /** Adds an entry; the answer says whether it is the first of its group. */
  add(entry: Entry): boolean;
  /** Hands the group to the outbox; resolves when this and every earlier group has been taken. Never rejects. */
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
      // Each of them has an answer of its own. The others, and a flush, do not wait for it.
      for (const [entry, appended] of deferred) void take([entry], () => appended);
      const unanswered = new Set(answer.unanswered);
      for (const entry of dropped) onNotAppended(entry, unanswered.has(entry) ? UNANSWERED : QUEUE_FULL);
      if (dropped.length > 0) {
        // A queue under load is full and has room again many times a second.
        warnings.throttled(
          'queue_full',
          `the queue is full: ${dropped.length} events are dropped just now, each with an outcome. Raise maxQueueSize or maxQueueBytes, those of the outbox where you pass one.`,
        );
      }
      const absent = new Set([...dropped, ...deferred.keys()]);
      onAppended(absent.size === 0 ? entries : entries.filter((entry) => !absent.has(entry)), answer);
    } catch (error) {
      const message = sentenceOf(error);
      const isCertain = (error as AppendFailure | undefined)?.storedNothing === true;
      const what = isCertain
        ? 'could not be stored and are dropped'
        : 'may be lost, because the outbox did not confirm them';
      warnings.throttled('append', `${entries.length} events ${what}, each with an outcome: ${message}`);
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
