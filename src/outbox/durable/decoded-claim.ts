import { OursError } from '../../core/errors.js';
import type { Undelivered } from '../../core/outcome.js';
import type { Entry } from '../../protocol/event.js';
import { type EntryCodec, UnreadableRecordError, type WhyUnreadable } from './entry-codec.js';

/** How soon an entry is tried again that cannot be read now, and may be with other keys or settings. */
export const UNREADABLE_PAUSE_MS = 60_000;

/** How many records could not be read for one reason, and what was wrong with the last of them. */
interface Unreadable {
  readonly count: number;
  readonly last: string;
}

/** Whose unsealed entries have been reported. They may wait for long, and one warning a minute would help nobody. */
const reported = new WeakSet<EntryCodec>();

/** What a claim has read: entries, and where what could not be read lies. */
export class DecodedClaim<Place> {
  readonly entries: Map<Entry, Place> = new Map();
  /** What stays inside: it waits for its key, or for `acceptUnsealed`. */
  readonly kept: Place[] = [];
  readonly damaged: Place[] = [];
  readonly #unreadable: Map<WhyUnreadable, Unreadable>;
  readonly #records: EntryCodec;

  /** @param before what the same claim has read before this; only its figures are kept */
  constructor(records: EntryCodec, before?: DecodedClaim<Place>) {
    this.#records = records;
    this.#unreadable = new Map(before === undefined ? [] : before.#unreadable);
  }

  /** The entry, or `undefined` when it cannot be read. */
  add(distinctId: string, record: string, place: Place): Entry | undefined {
    try {
      const entry = this.#records.read(distinctId, record);
      this.entries.set(entry, place);
      return entry;
    } catch (error) {
      if (!(error instanceof UnreadableRecordError)) throw error;
      const { why, message } = error;
      (why === 'damaged' ? this.damaged : this.kept).push(place);
      this.#unreadable.set(why, { count: this.#count(why) + 1, last: message });
      return undefined;
    }
  }

  get isWhole(): boolean {
    return this.kept.length === 0 && this.damaged.length === 0;
  }

  /** How what is damaged ends. */
  get outcome(): Undelivered {
    return {
      status: 'rejected',
      code: 'unreadable',
      message: `what was stored of the event cannot be read: ${this.#unreadable.get('damaged')?.last}.`,
    };
  }

  /** What the claim rejects with when not everything could be read; `undefined` when all of that was reported before. */
  takeError(where: string): Error | undefined {
    const [damaged, locked, unsealed] = [this.#count('damaged'), this.#count('no_key'), this.#count('not_sealed')];
    const isNews = !reported.has(this.#records);
    if (unsealed > 0) reported.add(this.#records);
    const sentences = [
      damaged > 0 &&
        `${events(damaged)} in ${where} cannot be read (${this.#unreadable.get('damaged')!.last}): moved to the dead letters as 'unreadable'.`,
      locked > 0 &&
        `${events(locked)} in ${where} cannot be opened (${this.#unreadable.get('no_key')!.last}): kept and tried again in a minute; add the key to sealingKeys.`,
      unsealed > 0 &&
        isNews &&
        `${events(unsealed)} in ${where} ${unsealed === 1 ? 'is' : 'are'} not sealed, so someone without a key may have written ${unsealed === 1 ? 'it' : 'them'}: kept and not delivered. If the outbox was used without sealingKeys before, acceptUnsealed delivers what it holds from then (docs/sealing.md). This is said once; \`ours-ingest status\` counts them.`,
    ].filter((sentence) => sentence !== false);
    return sentences.length === 0 ? undefined : new OursError('store_failed', sentences.join(' '));
  }

  #count(why: WhyUnreadable): number {
    return this.#unreadable.get(why)?.count ?? 0;
  }
}

/** The entry of a record, or `undefined` when it cannot be read. */
export function readOrNothing(records: EntryCodec, distinctId: string, record: string): Entry | undefined {
  return new DecodedClaim<undefined>(records).add(distinctId, record, undefined);
}

const events = (count: number): string => `${count} ${count === 1 ? 'event' : 'events'}`;
