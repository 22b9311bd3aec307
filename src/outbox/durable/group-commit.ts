import type { Entry } from '../../protocol/event.js';
import type { DurablyAppended } from '../../tracking/polled-outbox.js';
import type { AppendFailure } from '../outbox.js';
import { RETRY_FOR_MS, retryTransient } from './retry-transient.js';
import { isTransient, NotAttemptedError } from './store-error.js';

/** Approximate limits of one commit. A long commit delays every caller. */
const MAX_ENTRIES = 1_000;
const MAX_BYTES = 4 * 1024 * 1024;
/** Limit of what waits for its commit in this process: ten seconds of ten thousand small events a second. */
const MAX_WAITING_BYTES = 128 * 1024 * 1024;
/** Approximate memory of an entry besides its body. */
const ENTRY_BYTES = 1_024;

export interface GroupCommitOptions {
  /** Stores all of the entries or none. The callers give up at `until`, a time of `performance.now()`. */
  readonly commit: (entries: readonly Entry[], until: number) => Promise<DurablyAppended>;
  /** Whether a failed commit may succeed a moment later. @default by the {@link StoreError} */
  readonly isTransient?: ((error: unknown) => boolean) | undefined;
  /** How long an append waits for its commit to succeed, in milliseconds. @default 10000 */
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
 * Groups the appends of one tick, and those that arrive during a commit, into the next commit. Commits run one at a time, so a
 * process's appends are stored in order. A rejected append reports that it stored nothing only if that holds for every attempt
 * at its commit.
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
        throw new NotAttemptedError(
          `events arrive faster than the outbox stores them, and ${MAX_WAITING_BYTES / 2 ** 20} MB of them are waiting in this process: check why the store is slow or unreachable.`,
        );
      }
      this.#waitingBytes += bytes;
      this.#waiting.push({ entries, resolve, reject, failsAt: performance.now() + retryForMs, bytes });
      this.#underWay ??= this.#work();
    });
  }

  /** Allows each commit one more attempt. Resolves when every append has settled. */
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
        // While the store is down every append fails in time, which bounds the memory of waiting appends.
        const message = error instanceof Error ? error.message : String(error);
        for (const { reject } of this.#takeLate()) reject(new NotAttemptedError(message, error));
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

  /** Appends whose time is up. */
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

  /** @throws the first error of an attempt that may have stored the entries, otherwise the store's last error */
  async #commit(group: readonly Append[]): Promise<DurablyAppended> {
    const { commit, isTransient: isRetryable = isTransient } = this.#options;
    const entries = group.flatMap((append) => append.entries);
    const { failsAt } = group[0]!;
    const doubts: unknown[] = [];
    let last: unknown;
    const attempt = async (): Promise<DurablyAppended> => {
      try {
        return await commit(entries, failsAt);
      } catch (error) {
        if ((error as AppendFailure | undefined)?.storedNothing !== true) doubts.push(error);
        if (!(error instanceof NotAttemptedError)) last = error;
        throw error;
      }
    };
    const shouldRetry = (error: unknown): boolean => !this.#isClosing && isRetryable(error);
    try {
      return await retryTransient(attempt, { shouldRetry, retryForMs: failsAt - performance.now() });
    } catch (error) {
      throw doubts[0] ?? last ?? error;
    }
  }
}

const NONE: NonNullable<DurablyAppended['deferred']> = new Map();

/** The part of a commit's result that concerns these entries. */
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
