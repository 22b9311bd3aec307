/** A map that forgets: entries after a time, and the least recently set ones above a size. */
export class ExpiringCache<Value> {
  readonly #entries = new Map<string, { readonly value: Value; readonly expiresAt: number }>();
  readonly #maxSize: number;
  readonly #ttlMs: number;
  readonly #monotonic: () => number;

  constructor(maxSize: number, ttlMs: number, monotonic: () => number) {
    this.#maxSize = maxSize;
    this.#ttlMs = ttlMs;
    this.#monotonic = monotonic;
  }

  get(key: string): Value | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.expiresAt > this.#monotonic()) return entry?.value;
    this.#entries.delete(key);
    return undefined;
  }

  set(key: string, value: Value): void {
    // Deleted first, so that the order of the map is the order of setting.
    this.#entries.delete(key);
    this.#entries.set(key, { value, expiresAt: this.#monotonic() + this.#ttlMs });
    if (this.#entries.size <= this.#maxSize) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      return;
    }
  }
}
