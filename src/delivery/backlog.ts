/** A claim of a shared outbox that is at least this full may have left more behind. Entries behind an identify are never in it. */
const HALF_FULL = 0.5;

/** The result of a claim. */
export interface Claimed {
  readonly count: number;
  /** The part of the claim's limits that the entries fill, from 0 to 1. */
  readonly fullness: number;
}

export interface BacklogOptions {
  readonly flushAt: number;
  /** Whether other processes append to the outbox and claim from it. */
  readonly isShared: boolean;
}

/**
 * The number of entries a relay may claim, as far as this process knows:
 *
 *   waiting  appended or released here, and not claimed since
 *              ──a claim returns entries──▶ claimed
 *              ──a claim returns nothing──▶ aside
 *   aside    delayed, or behind an identify that is being sent
 *              ──flush──▶ waiting
 *
 * A batch is due when `flushAt` entries wait, or after a flush until nothing waits.
 */
export interface Backlog {
  /** Whether a claim may return entries although none waits here. */
  readonly hasAside: boolean;
  /** Whether a full batch waits. */
  readonly isFull: boolean;
  /** Adds entries that were appended or released. Released ones are due. */
  add(count: number, isReleased: boolean): void;
  /** Makes every entry due, full batch or not. */
  flush(): void;
  /**
   * Whether one more sender would find entries.
   * @param claiming senders that have not claimed yet
   * @param rows the maximum of one claim
   */
  needsSender(claiming: number, rows: number): boolean;
  /** @param isOnlySender whether this process sends nothing else that the entries could be waiting for */
  noteClaim(claimed: Claimed, isOnlySender: boolean): void;
}

export function createBacklog({ flushAt, isShared }: BacklogOptions): Backlog {
  let waiting = 0;
  let aside = 0;
  let isDue = false;
  return {
    get hasAside() {
      return aside > 0;
    },
    get isFull() {
      return waiting >= flushAt;
    },
    add(count, isReleased) {
      waiting += count;
      isDue ||= isReleased;
    },
    flush() {
      isDue = true;
      waiting += aside;
      aside = 0;
    },
    needsSender(claiming, rows) {
      return (isDue || waiting >= flushAt) && (claiming === 0 || claiming * rows < waiting);
    },
    noteClaim({ count, fullness }, isOnlySender) {
      waiting = Math.max(0, waiting - count);
      if (count === 0) {
        // If nothing in this process holds the entries back, another process has claimed them.
        aside = isShared && isOnlySender ? 0 : aside + waiting;
        waiting = 0;
      }
      if (waiting === 0) isDue = isShared && fullness >= HALF_FULL;
    },
  };
}
