import { createHash } from 'node:crypto';
import type { WireRow } from './exchange.js';

/** An accepted event. */
export interface Acceptance {
  /** Its position among everything that was accepted. */
  readonly order: number;
  readonly time: number | undefined;
  times: number;
  /** A digest of the row without its time. */
  readonly content: string;
}

/** Something the service alone can see to be wrong. */
export interface Contradiction {
  readonly kind: 'doubled' | 'order';
  readonly text: string;
  /** The identifies that arrived too late. */
  readonly keys: readonly string[];
  /** The later identifies that a repeated one came behind. */
  readonly behind: readonly string[];
  /** By the monotonic clock. */
  readonly at: number;
}

const MAX_HISTORY = 4;

/** What the service really accepted. */
export class Truth {
  readonly tracks = new Map<string, Acceptance>();
  /** By key: an identify has no id on the wire. */
  readonly identifies = new Map<string, number>();
  readonly #contradictions: Contradiction[] = [];
  /**
   * By visitor: an identify that came again, after a lost answer, behind a later one. It is none once the later one comes again
   * as well, for then the visitor ends as the client said.
   */
  readonly #repeatedLate = new Map<string, Contradiction>();
  repeats = 0;
  readonly #began = performance.now();
  #order = 0;
  readonly #idOfKey = new Map<string, string>();
  /** The last identify of each visitor. */
  readonly #lastOf = new Map<string, { readonly number: number; readonly keys: readonly string[] }>();
  /** The last identifies of each visitor, for the text of a finding. */
  readonly #historyOf = new Map<string, string[]>();

  get contradictions(): readonly Contradiction[] {
    return [...this.#contradictions, ...this.#repeatedLate.values()];
  }

  takeTrack(row: WireRow): void {
    const { distinctId = '', time, ...rest } = row;
    // A digest, because an hour of events would not fit into memory.
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

  /** Accepts one identify, or several merged ones: `custom_properties` has the key of each, `job_title` the last number. */
  takeIdentify({ userId = '', userProperties = {} }: WireRow, sender: string): void {
    this.#order += 1;
    const keys = Object.keys((userProperties.custom_properties ?? {}) as object);
    const isRepeat = keys.every((key) => this.identifies.has(key));
    for (const key of keys) if (!this.identifies.has(key)) this.identifies.set(key, this.#order);
    const number = Number(userProperties.job_title);
    const history = this.#historyOf.get(userId) ?? [];
    history.push(`${keys.join('+')} from ${sender} at ${Math.round(performance.now() - this.#began)} ms`);
    this.#historyOf.set(userId, history.slice(-MAX_HISTORY));
    const last = this.#lastOf.get(userId);
    if (last === undefined || number >= last.number) {
      this.#repeatedLate.delete(userId);
      this.#lastOf.set(userId, { number, keys });
      return;
    }
    const text = `${userId}: ${history.join(', then ')}`;
    const behind = isRepeat ? last.keys.filter((key) => !keys.includes(key)) : [];
    const late = { kind: 'order', text, keys, behind, at: performance.now() } as const;
    if (isRepeat) this.#repeatedLate.set(userId, late);
    else this.#contradictions.push(late);
  }

  #note(kind: Contradiction['kind'], text: string): void {
    this.#contradictions.push({ kind, text, keys: [], behind: [], at: performance.now() });
  }
}
