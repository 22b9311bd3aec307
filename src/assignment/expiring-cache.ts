/** A map whose entries expire, each after its own time. Above the maximum size, the least recently set entry is removed. */
export interface ExpiringCache<Value> {
  get(key: string): Value | undefined;
  set(key: string, value: Value, ttlMs: number): void;
  deleteAll(matches: (key: string) => boolean): void;
}

export function createExpiringCache<Value>(maxSize: number, monotonic: () => number): ExpiringCache<Value> {
  const entries = new Map<string, { readonly value: Value; readonly expiresAt: number }>();
  return {
    get(key) {
      // Usually there is none, and then no key has to be hashed.
      const entry = entries.size === 0 ? undefined : entries.get(key);
      if (entry === undefined || entry.expiresAt > monotonic()) return entry?.value;
      entries.delete(key);
      return undefined;
    },
    set(key, value, ttlMs) {
      // Delete first, so that the map's order is the order of setting.
      entries.delete(key);
      entries.set(key, { value, expiresAt: monotonic() + ttlMs });
      if (entries.size > maxSize) entries.delete(entries.keys().next().value!);
    },
    deleteAll(matches) {
      for (const key of entries.keys()) if (matches(key)) entries.delete(key);
    },
  };
}
