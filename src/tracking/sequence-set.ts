const BITS = 32;

/**
 * A set of integers that are added roughly in order: one bit each, in words that exist only while they hold a bit. In a long
 * outage a client has millions of open events, and a `Set` of their numbers would dominate its memory.
 */
export class SequenceSet {
  readonly #words = new Map<number, number>();

  add(number: number): void {
    const index = Math.floor(number / BITS);
    this.#words.set(index, (this.#words.get(index) ?? 0) | (1 << (number % BITS)));
  }

  has(number: number): boolean {
    return ((this.#words.get(Math.floor(number / BITS)) ?? 0) & (1 << (number % BITS))) !== 0;
  }

  /** Returns whether the number was in the set. */
  delete(number: number): boolean {
    const index = Math.floor(number / BITS);
    const word = this.#words.get(index) ?? 0;
    const rest = word & ~(1 << (number % BITS));
    if (rest === word) return false;
    if (rest === 0) this.#words.delete(index);
    else this.#words.set(index, rest);
    return true;
  }

  /** All numbers up to and including `last`. */
  upTo(last: number): number[] {
    const found: number[] = [];
    for (const [index, word] of this.#words) {
      if (index * BITS > last) continue;
      for (let bit = 0; bit < BITS; bit += 1) {
        const number = index * BITS + bit;
        if (number <= last && (word & (1 << bit)) !== 0) found.push(number);
      }
    }
    return found;
  }
}
