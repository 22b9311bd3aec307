import type { Exposures } from '../assignment/exposure-store.js';
import { readLimit } from '../check-option.js';

export interface MemoryExposuresOptions {
  /** Keys that are kept; above, the oldest is forgotten. @default 100000 */
  readonly maxSize?: number | undefined;
  /** Milliseconds that never go back, for tests. @default performance.now */
  readonly monotonic?: (() => number) | undefined;
}

const DEFAULT_SIZE = 100_000;

/**
 * A store for several clients of one process. A single client remembers its own exposures without any.
 *
 * @throws {OursError} `invalid_option`
 */
export function createMemoryExposures(options: MemoryExposuresOptions = {}): Required<Exposures> {
  const maxSize = readLimit('maxSize', options.maxSize ?? DEFAULT_SIZE);
  const { monotonic = () => performance.now() } = options;
  const entries = new Map<string, { readonly value: string; readonly expiresAt: number }>();

  function get(key: string): string | undefined {
    const entry = entries.get(key);
    return entry !== undefined && entry.expiresAt > monotonic() ? entry.value : undefined;
  }

  function set(key: string, value: string, ttlMs: number): void {
    // Deleted first, so that the order of the map is the order of setting.
    entries.delete(key);
    entries.set(key, { value, expiresAt: monotonic() + ttlMs });
    if (entries.size > maxSize) entries.delete(entries.keys().next().value!);
  }

  return {
    async claim(key, ttlMs) {
      if (get(key) !== undefined) return false;
      set(key, '', ttlMs);
      return true;
    },
    async remember(key, value, ttlMs) {
      set(key, value, ttlMs);
    },
    async recall(key) {
      return get(key);
    },
  };
}
