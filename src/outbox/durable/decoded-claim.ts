import type { Undelivered } from '../../core/outcome.js';
import type { Entry } from '../../protocol/event.js';
import type { EntryCodec } from './entry-codec.js';
import { StoreError } from './store-error.js';
import { isUnreadable, type Unreadable } from './unreadable.js';

/** Codecs whose unsealed entries have been reported. They may wait for days, and a warning every minute would not help. */
const reported = new WeakSet<EntryCodec>();

/** A decoded claim: its entries, and the places of the records that cannot be read. */
export class DecodedClaim<Place> {
  readonly entries: Map<Entry, Place> = new Map();
  /** Records that stay inside: they wait for their key, or for `acceptUnsealed`. */
  readonly kept: Place[] = [];
  readonly damaged: Place[] = [];
  readonly #unreadable: Map<Unreadable['why'], { readonly count: number; readonly last: string }>;
  readonly #codec: EntryCodec;

  /** @param before the previous claim of the same call; its counts are carried over */
  constructor(codec: EntryCodec, before?: DecodedClaim<Place>) {
    this.#codec = codec;
    this.#unreadable = new Map(before === undefined ? [] : before.#unreadable);
  }

  add(distinctId: string, record: string, place: Place): void {
    const read = this.#codec.read(distinctId, record);
    if (!isUnreadable(read)) return void this.entries.set(read, place);
    const { why, message } = read;
    (why === 'damaged' ? this.damaged : this.kept).push(place);
    this.#unreadable.set(why, { count: this.#count(why) + 1, last: message });
  }

  get isWhole(): boolean {
    return this.kept.length === 0 && this.damaged.length === 0;
  }

  /** The outcome of damaged entries. */
  get outcome(): Undelivered {
    return {
      status: 'rejected',
      code: 'unreadable',
      message: `the stored event cannot be read: ${this.#unreadable.get('damaged')?.last}.`,
    };
  }

  /** The error for everything that could not be read; `undefined` if there is nothing new to report. */
  takeError(where: string): StoreError | undefined {
    const [damaged, locked, unsealed] = [this.#count('damaged'), this.#count('no_key'), this.#count('not_sealed')];
    const isNews = !reported.has(this.#codec);
    if (unsealed > 0) reported.add(this.#codec);
    const sentences = [
      damaged > 0 &&
        `${events(damaged)} in ${where} cannot be read (${this.#unreadable.get('damaged')!.last}): moved to the dead letters as 'unreadable'.`,
      locked > 0 &&
        `${events(locked)} in ${where} cannot be opened (${this.#unreadable.get('no_key')!.last}): kept and retried in a minute, or within an hour if there are very many; add the key to sealingKeys.`,
      unsealed > 0 &&
        isNews &&
        `${events(unsealed)} in ${where} ${unsealed === 1 ? 'is' : 'are'} not sealed, so someone without a key may have written ${unsealed === 1 ? 'it' : 'them'}: kept and not delivered. If the outbox was used without sealingKeys before, acceptUnsealed delivers the events stored then (docs/sealing.md). This is reported once; \`ours-ingest status\` counts them.`,
    ].filter((sentence) => sentence !== false);
    return sentences.length === 0 ? undefined : new StoreError(sentences.join(' '));
  }

  #count(why: Unreadable['why']): number {
    return this.#unreadable.get(why)?.count ?? 0;
  }
}

const events = (count: number): string => `${count} ${count === 1 ? 'event' : 'events'}`;
