import { type Episodes, sentenceOf } from './logger.js';
import type { Appended } from './outbox/outbox.js';
import type { DropReason } from './outcome.js';
import type { Entry } from './protocol/event.js';

/** Handing over sooner than the tick's end keeps a long synchronous loop within the outbox's bounds. */
const MAX_GROUP = 256;

export interface IntakeOptions<Answer extends Appended> {
  readonly append: (entries: readonly Entry[]) => Promise<Answer>;
  readonly episodes: Episodes;
  readonly onAppended: (entries: readonly Entry[], answer: Answer) => void;
  readonly onDropped: (entry: Entry, reason: DropReason, message?: string) => void;
}

/** Collects the entries of one tick, so that the outbox takes them in one append: one transaction, one promise. */
export class Intake<Answer extends Appended = Appended> {
  readonly #options: IntakeOptions<Answer>;
  #group: Entry[] = [];
  #underWay: Promise<void> = Promise.resolve();

  constructor(options: IntakeOptions<Answer>) {
    this.#options = options;
  }

  /** Adds an entry; the answer says whether it is the first of its group. */
  add(entry: Entry): boolean {
    this.#group.push(entry);
    if (this.#group.length >= MAX_GROUP) void this.hand();
    else if (this.#group.length === 1) {
      queueMicrotask(() => void this.hand());
      return true;
    }
    return false;
  }

  /** Hands the group to the outbox; resolves when this and every earlier group has been taken. Never rejects. */
  hand(): Promise<void> {
    if (this.#group.length > 0) {
      const group = this.#group;
      this.#group = [];
      this.#underWay = Promise.all([this.#underWay, this.#append(group)]).then(() => undefined);
    }
    return this.#underWay;
  }

  async #append(group: readonly Entry[]): Promise<void> {
    const { append, episodes, onAppended, onDropped } = this.#options;
    try {
      const answer = await append(group);
      const { dropped } = answer;
      for (const entry of dropped) onDropped(entry, 'queue_full');
      if (dropped.length > 0) {
        // A queue under load is full and has room again many times a second.
        episodes.remind(
          'queue_full',
          `the queue is full and events are being dropped (${dropped.length} just now). Raise maxQueueSize or maxQueueBytes, those of the outbox where you pass one; every dropped event has an outcome.`,
        );
      }
      const lost = new Set(dropped);
      onAppended(lost.size === 0 ? group : group.filter((entry) => !lost.has(entry)), answer);
    } catch (error) {
      const reason = sentenceOf(error);
      episodes.remind(
        'append',
        `events could not be stored, and ${group.length} are dropped, each with an outcome: ${reason}`,
      );
      for (const entry of group) onDropped(entry, 'outbox_failed', reason);
    }
  }
}
