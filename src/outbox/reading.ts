import { OursError } from '../errors.js';
import type { Undelivered } from '../outcome.js';
import type { Entry } from '../protocol/event.js';
import { type Records, UnreadableRecordError } from './records.js';

/** How soon an entry is tried again that none of the keys opens. */
export const SEALED_PAUSE_MS = 60_000;

/** How much could not be read, and why. */
interface Unreadable {
  readonly sealed: number;
  readonly damaged: number;
  readonly whySealed: string;
  readonly whyDamaged: string;
}

/** What a claim has read: entries, and where what could not be read lies. */
export class Reading<Place> {
  readonly entries: Map<Entry, Place> = new Map();
  /** Sealed with a key that is not there: it waits for the key. */
  readonly sealed: Place[] = [];
  readonly damaged: Place[] = [];
  #whySealed: string;
  #whyDamaged: string;
  readonly #records: Records;
  readonly #before: Unreadable;

  /** @param before what the same claim has read before this; only its figures are kept */
  constructor(records: Records, before?: Reading<Place>) {
    this.#records = records;
    this.#before = before?.unreadable ?? { sealed: 0, damaged: 0, whySealed: '', whyDamaged: '' };
    this.#whySealed = this.#before.whySealed;
    this.#whyDamaged = this.#before.whyDamaged;
  }

  /** Of everything the claim has read. */
  get unreadable(): Unreadable {
    return {
      sealed: this.#before.sealed + this.sealed.length,
      damaged: this.#before.damaged + this.damaged.length,
      whySealed: this.#whySealed,
      whyDamaged: this.#whyDamaged,
    };
  }

  /** The entry, or `undefined` when it cannot be read. */
  add(distinctId: string, record: string, place: Place): Entry | undefined {
    try {
      const entry = this.#records.read(distinctId, record);
      this.entries.set(entry, place);
      return entry;
    } catch (error) {
      if (!(error instanceof UnreadableRecordError)) throw error;
      if (error.isSealed) {
        this.sealed.push(place);
        this.#whySealed = error.message;
      } else {
        this.damaged.push(place);
        this.#whyDamaged = error.message;
      }
      return undefined;
    }
  }

  get isWhole(): boolean {
    return this.sealed.length === 0 && this.damaged.length === 0;
  }

  /** How what is damaged ends. */
  get outcome(): Undelivered {
    return {
      status: 'rejected',
      code: 'unreadable',
      message: `what was stored of the event cannot be read: ${this.#whyDamaged}.`,
    };
  }

  /** What the claim rejects with when not everything could be read. */
  error(where: string): Error {
    const { sealed, damaged, whySealed, whyDamaged } = this.unreadable;
    const sentences = [
      damaged > 0 &&
        `${events(damaged)} in ${where} cannot be read (${whyDamaged}): moved to the dead letters as 'unreadable'.`,
      sealed > 0 &&
        `${events(sealed)} in ${where} cannot be opened (${whySealed}): kept and tried again in a minute; add the key to sealingKeys.`,
    ];
    return new OursError('store_failed', sentences.filter((sentence) => sentence !== false).join(' '));
  }
}

/** The entry of a record, or `undefined` when it cannot be read. */
export function readOrNothing(records: Records, distinctId: string, record: string): Entry | undefined {
  return new Reading<undefined>(records).add(distinctId, record, undefined);
}

const events = (count: number): string => `${count} ${count === 1 ? 'event' : 'events'}`;
