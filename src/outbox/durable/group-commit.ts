import type { Entry } from '../../protocol/event.js';
import type { DurablyAppended } from '../../tracking/polled-outbox.js';
import type { AppendFailure } from '../outbox.js';
import { RETRY_FOR_MS, retryTransient } from './retry-transient.js';

/** Entries and bytes of one commit, about. A long commit keeps everybody waiting. */
const MAX_ENTRIES = 1_000;
const MAX_BYTES = 4 * 1024 * 1024;
/** What may wait for its commit in this process: ten seconds of ten thousand small events a second. */
const MAX_WAITING_BYTES = 128 * 1024 * 1024;
/** What an entry takes in memory besides its body, about. */
const ENTRY_BYTES = 1_024;

export interface GroupCommitOptions {
  /** Stores the entries, all or none; the callers give up at `until`, a time of `performance.now()`. */
  readonly commit: (entries: readonly Entry[], until: number) => Promise<DurablyAppended>;
  /** Whether a commit that failed may succeed a moment later: the file is busy, the connection broke. */
  readonly isTransient: (error: unknown) => boolean;
  /** How long an append may wait for its commit to succeed, in milliseconds. @default 10000 */
  readonly retryForMs?: number | undefined;
}

/** An append that no attempt was made at. */
class NotAttempted extends Error implements AppendFailure {
  override readonly name = 'NotAttempted';
  readonly storedNothing = true;
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
 * what a process appends first is stored first. An append is only said to have stored nothing if that is true of every
 * attempt at its commit.
 */
export class GroupCommit {
  readonly #options: GroupCommitOptions;
  #waiting: Append[] = [];
  #isClosing = false;
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
        throw new NotAttempted(
          `events come faster than the outbox stores them, and ${MAX_WAITING_BYTES / 2 ** 20} MB of them wait in this process: see why the store is slow or cannot be reached.`,
        );
      }
      this.#waitingBytes += bytes;
      this.#waiting.push({ entries, resolve, reject, failsAt: performance.now() + retryForMs, bytes });
      this.#underWay ??= this.#work();
    });
  }

  /** From now on every commit has one attempt left. Resolves when every append has its answer. */
  async close(): Promise<void> {
    this.#isClosing = true;
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
        for (const { reject } of group) reject(error);
        // While the store is away every append fails in time, and memory holds no more than what comes in that time.
        const message = error instanceof Error ? error.message : String(error);
        for (const { reject } of this.#takeLate()) reject(new NotAttempted(message));
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

  /** @throws the error of the attempt that may have stored the entries, otherwise that of the last one */
  async #commit(group: readonly Append[]): Promise<DurablyAppended> {
    const { commit, isTransient } = this.#options;
    const entries = group.flatMap((append) => append.entries);
    const { failsAt } = group[0]!;
    const doubts: unknown[] = [];
    const attempt = async (): Promise<DurablyAppended> => {
      try {
        return await commit(entries, failsAt);
      } catch (error) {
        if ((error as AppendFailure | undefined)?.storedNothing !== true) doubts.push(error);
        throw error;
      }
    };
    const mayRetry = (error: unknown): boolean => !this.#isClosing && isTransient(error);
    try {
      return await retryTransient(attempt, mayRetry, failsAt - performance.now());
    } catch (error) {
      throw doubts.length > 0 ? doubts[0] : error;
    }
  }
}

const NONE: NonNullable<DurablyAppended['deferred']> = new Map();

/** The part of a commit that concerns these entries of it. */
function shareOf(all: DurablyAppended, entries: readonly Entry[]): DurablyAppended {
  const { dropped, duplicates, deferred = NONE } = all;
  if (dropped.length === 0 && duplicates.length === 0 && deferred.size === 0) return all;
  const own = new Set(entries);
  const isOwn = (entry: Entry): boolean => own.has(entry);
  return {
    ...all,
    dropped: dropped.filter(isOwn),
    duplicates: duplicates.filter(isOwn),
    ...(deferred.size > 0 && { deferred: new Map([...deferred].filter(([entry]) => isOwn(entry))) }),
  };
}
