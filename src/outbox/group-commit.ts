import type { Entry } from '../protocol/event.js';
import type { DurablyAppended } from './outbox.js';
import { RETRY_FOR_MS, retryTransient } from './retry-transient.js';

/** Entries and bytes of one commit, about. A long commit keeps everybody waiting. */
const MAX_ENTRIES = 1_000;
const MAX_BYTES = 4 * 1024 * 1024;
/** What may wait for its commit in this process: ten seconds of ten thousand small events a second. */
const MAX_WAITING_BYTES = 128 * 1024 * 1024;
/** What an entry takes in memory besides its body, about. */
const ENTRY_BYTES = 1_024;

export interface GroupCommitOptions {
  /** Stores the entries, all or none. */
  readonly commit: (entries: readonly Entry[]) => Promise<DurablyAppended>;
  /** Whether a commit that failed may succeed a moment later: the file is busy, the connection broke. */
  readonly isTransient: (error: unknown) => boolean;
  /** How long an append may wait for its commit to succeed, in milliseconds. @default 10000 */
  readonly retryForMs?: number | undefined;
}

interface Append {
  readonly entries: readonly Entry[];
  readonly resolve: (appended: DurablyAppended) => void;
  readonly reject: (error: unknown) => void;
  readonly failsAt: number;
  readonly bytes: number;
}

/**
 * Lets the appends of one tick, and those that come while a commit is under way, share the next commit. One commit at a time:
 * what a process appends first is stored first.
 */
export class GroupCommit {
  readonly #options: GroupCommitOptions;
  #waiting: Append[] = [];
  #waitingBytes = 0;
  #underWay: Promise<void> | undefined;

  constructor(options: GroupCommitOptions) {
    this.#options = options;
  }

  append(entries: readonly Entry[]): Promise<DurablyAppended> {
    return new Promise((resolve, reject) => {
      const { retryForMs = RETRY_FOR_MS } = this.#options;
      const bytes = entries.reduce((sum, { body }) => sum + body.length + ENTRY_BYTES, 0);
      if (this.#waitingBytes + bytes > MAX_WAITING_BYTES && this.#waiting.length > 0) {
        throw new Error(
          `events come faster than the outbox stores them, and ${MAX_WAITING_BYTES / 2 ** 20} MB of them wait in this process: see why the store is slow or cannot be reached.`,
        );
      }
      this.#waitingBytes += bytes;
      this.#waiting.push({ entries, resolve, reject, failsAt: performance.now() + retryForMs, bytes });
      this.#underWay ??= this.#work();
    });
  }

  /** Resolves when every append so far has its answer. */
  async idle(): Promise<void> {
    await this.#underWay;
  }

  async #work(): Promise<void> {
    while (this.#waiting.length > 0) {
      await new Promise(setImmediate);
      const group = this.#take();
      try {
        const appended = await this.#commit(group);
        for (const { entries, resolve } of group) resolve(shareOf(appended, entries));
      } catch (error) {
        // While the store is away everybody is told in time, and no more is kept in memory than comes in that time.
        for (const { reject } of [...group, ...this.#takeLate()]) reject(error);
      }
    }
    this.#underWay = undefined;
  }

  #take(): readonly Append[] {
    let count = 0;
    let bytes = 0;
    const end = this.#waiting.findIndex(({ entries }) => {
      count += entries.length;
      for (const { body } of entries) bytes += body.length;
      return count >= MAX_ENTRIES || bytes >= MAX_BYTES;
    });
    return this.#takeFirst(end < 0 ? this.#waiting.length : end + 1);
  }

  /** Appends that have waited as long as they may. */
  #takeLate(): readonly Append[] {
    const now = performance.now();
    const end = this.#waiting.findIndex(({ failsAt }) => failsAt > now);
    return this.#takeFirst(end < 0 ? this.#waiting.length : end);
  }

  #takeFirst(count: number): readonly Append[] {
    const taken = this.#waiting.splice(0, count);
    for (const { bytes } of taken) this.#waitingBytes -= bytes;
    return taken;
  }

  #commit(group: readonly Append[]): Promise<DurablyAppended> {
    const { commit, isTransient } = this.#options;
    const entries = group.flatMap((append) => append.entries);
    return retryTransient(() => commit(entries), isTransient, group[0]!.failsAt - performance.now());
  }
}

/** What of a commit concerns these entries of it. */
function shareOf(all: DurablyAppended, entries: readonly Entry[]): DurablyAppended {
  if (all.dropped.length === 0 && all.duplicates.length === 0) return all;
  const own = new Set(entries);
  const ofOwn = (entry: Entry): boolean => own.has(entry);
  return { ...all, dropped: all.dropped.filter(ofOwn), duplicates: all.duplicates.filter(ofOwn) };
}
