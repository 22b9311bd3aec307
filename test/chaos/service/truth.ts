import { createHash } from 'node:crypto';
import type { WireRow } from './exchange.js';

/** An event the service has taken. */
export interface Acceptance {
  /** Its place among everything taken. */
  readonly order: number;
  readonly time: number | undefined;
  times: number;
  /** A digest of everything but the time. */
  readonly content: string;
}

/** What the service knows to be wrong, in words. */
export interface Contradiction {
  readonly kind: 'doubled' | 'order';
  readonly text: string;
  /** Of the identifies that came too late. */
  readonly keys: readonly string[];
  /** By the monotonic clock. */
  readonly at: number;
}

const MAX_HISTORY = 4;

/** What really arrived: the side of the books that no client can write. */
export class Truth {
  readonly tracks = new Map<string, Acceptance>();
  /** An identify has no id on the wire: it is known by the key it carries. */
  readonly identifies = new Map<string, number>();
  readonly contradictions: Contradiction[] = [];
  repeats = 0;
  readonly #began = performance.now();
  #order = 0;
  readonly #idOfKey = new Map<string, string>();
  readonly #lastOf = new Map<string, number>();
  /** What came of each visitor's identifies, for the one who reads a finding. */
  readonly #historyOf = new Map<string, string[]>();

  takeTrack(row: WireRow): void {
    const { distinctId = '', time, ...rest } = row;
    // A digest: an hour of events would not fit.
    const content = createHash('sha1').update(JSON.stringify(rest)).digest('base64');
    const known = this.tracks.get(distinctId);
    if (known !== undefined) {
      known.times += 1;
      this.repeats += 1;
      if (known.content !== content) this.#note('doubled', `${distinctId} came again with another content`);
      return;
    }
    this.#order += 1;
    this.tracks.set(distinctId, { order: this.#order, time, times: 1, content });
    const key = row.eventProperties?.key;
    if (key == null) return;
    const other = this.#idOfKey.get(key);
    if (other !== undefined) this.#note('doubled', `event ${key} has two ids: ${other} and ${distinctId}`);
    this.#idOfKey.set(key, distinctId);
  }

  /** An identify, or several of one visitor merged: each left its key, the last one its number. */
  takeIdentify({ userId = '', userProperties = {} }: WireRow, sender: string): void {
    this.#order += 1;
    const keys = Object.keys((userProperties.custom_properties ?? {}) as object);
    for (const key of keys) if (!this.identifies.has(key)) this.identifies.set(key, this.#order);
    const number = Number(userProperties.job_title);
    const history = this.#historyOf.get(userId) ?? [];
    history.push(`${keys.join('+')} from ${sender} at ${Math.round(performance.now() - this.#began)} ms`);
    this.#historyOf.set(userId, history.slice(-MAX_HISTORY));
    if (number < (this.#lastOf.get(userId) ?? 0)) this.#note('order', `${userId}: ${history.join(', then ')}`, keys);
    this.#lastOf.set(userId, number);
  }

  #note(kind: Contradiction['kind'], text: string, keys: readonly string[] = []): void {
    this.contradictions.push({ kind, text, keys, at: performance.now() });
  }
}
