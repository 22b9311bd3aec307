import { createExpiringCache } from '../assignment/expiring-cache.js';
import type { Exposures } from '../assignment/exposure-store.js';
import { readLimit } from '../core/check-option.js';

export interface MemoryExposuresOptions {
  /** Maximum keys; above it the oldest is removed. @default 100000 */
  readonly maxSize?: number | undefined;
  /** A monotonic clock in milliseconds, for tests. @default performance.now */
  readonly monotonic?: (() => number) | undefined;
}

const DEFAULT_SIZE = 100_000;

/**
 * A store for several clients of one process. A single client remembers its own exposures without a store.
 *
 * @throws {OursError} `invalid_option`
 */
export function createMemoryExposures(options: MemoryExposuresOptions = {}): Required<Exposures> {
  const maxSize = readLimit('maxSize', options.maxSize ?? DEFAULT_SIZE);
  const { monotonic = () => performance.now() } = options;
  const values = createExpiringCache<string>(maxSize, monotonic);

  return {
    async claim(key, ttlMs) {
      if (values.get(key) !== undefined) return false;
      values.set(key, '', ttlMs);
      return true;
    },
    async remember(key, value, ttlMs) {
      values.set(key, value, ttlMs);
    },
    async recall(key) {
      return values.get(key);
    },
    async forget(visitor, dryRun) {
      let count = 0;
      values.deleteAll((key) => {
        if (!key.startsWith(visitor)) return false;
        count += 1;
        return !dryRun;
      });
      return count;
    },
  };
}
