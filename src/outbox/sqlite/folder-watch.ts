import { type BigIntStats, lstatSync } from 'node:fs';
import { dirname } from 'node:path';
import { isSame, look } from './look.js';

/** Changes further apart than this get different timestamps: kernels count in steps of 1 to 10 ms. */
const FINE_STEP_MS = 100;
/** The same for file systems with a resolution of one or two seconds. */
const COARSE_STEP_MS = 3_000;

/**
 * Replaces checks of several files by one check of their folder, whose change time moves whenever a file in it is created, deleted,
 * renamed or replaced.
 *
 * Two changes within one step of the file system's clock leave the same change time. So a change time is trusted only after it has
 * been stable for longer than a step; until then every check counts as a change.
 */
export class FolderWatch {
  readonly #folder: string;
  readonly #now: () => number;
  readonly #isLink: boolean;
  #last: BigIntStats | undefined;
  #lastSince = 0;
  #isSettled = false;
  #generation = 0;

  /** @param now a monotonic clock in milliseconds */
  constructor(file: string, now: () => number = () => performance.now()) {
    this.#folder = dirname(file);
    this.#now = now;
    // The target of a link is in another folder.
    this.#isLink = lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
  }

  /** The result of the last {@link look}. */
  get generation(): number {
    return this.#generation;
  }

  /** A number that stays the same while no file in the folder can have changed since it was first returned. */
  look(): number {
    const found = look(this.#folder);
    const isSameStamp = found?.ctimeNs === this.#last?.ctimeNs && isSame(found, this.#last);
    if (isSameStamp && this.#isSettled) return this.#generation;
    this.#generation += 1;
    if (found === undefined || this.#isLink) return this.#generation;
    if (!isSameStamp) {
      this.#last = found;
      this.#lastSince = this.#now();
      this.#isSettled = false;
    } else if (this.#now() - this.#lastSince > stepOf(found)) {
      this.#isSettled = true;
    }
    return this.#generation;
  }
}

function stepOf({ ctimeNs }: BigIntStats): number {
  return ctimeNs % 1_000_000n === 0n ? COARSE_STEP_MS : FINE_STEP_MS;
}
