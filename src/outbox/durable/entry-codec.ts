import { createHash } from 'node:crypto';
import { failOption } from '../../core/check-option.js';
import type { Undelivered } from '../../core/outcome.js';
import type { SecretKey } from '../../core/secret-key.js';
import { fromBytes, toBytes } from '../../protocol/bytes.js';
import { type Entry, identifiersOf } from '../../protocol/event.js';
import { type KeyUsage, keyUsage } from './key-usage.js';
import { isSealed, Sealer, UnknownKeyError, unknownKey } from './sealing.js';

/** Why a record cannot be read: its key is missing, it should be sealed and is not, or it is damaged for good. */
export type WhyUnreadable = 'no_key' | 'not_sealed' | 'damaged';

/** An entry that was stored cannot be had. */
export class UnreadableRecordError extends Error {
  override readonly name = 'UnreadableRecordError';
  readonly why: WhyUnreadable;

  constructor(message: string, why: WhyUnreadable) {
    super(message);
    this.why = why;
  }
}

export interface SealingOptions {
  /** The first key seals, all of them open. Without keys nothing is sealed. */
  readonly sealingKeys?: readonly SecretKey[] | undefined;
  /** Whether records that are not sealed are read although there are keys. */
  readonly acceptUnsealed?: boolean | undefined;
}

/**
 * How the durable outboxes keep an entry: as text, a line with what the entry is and the line of JSON that goes to the
 * service.
 *
 *   {"kind":"track","event":"purchase","time":1700000000000,"userId":"…","bytes":412}
 *   {"time":1700000000000,"event":"purchase",…}
 *
 * With keys the whole text is sealed, bound to its `distinctId`, and a text that is not sealed is not believed: who has no
 * key could have written it.
 */
export class EntryCodec {
  readonly #sealer: Sealer | undefined;
  readonly #acceptUnsealed: boolean;

  /** @throws {OursError} `invalid_option` for keys that are none */
  constructor({ sealingKeys, acceptUnsealed = false }: SealingOptions, usage: KeyUsage = keyUsage) {
    this.#sealer = sealingKeys === undefined ? undefined : new Sealer(sealingKeys, usage);
    if (typeof acceptUnsealed !== 'boolean') failOption('acceptUnsealed must be true or false.');
    this.#acceptUnsealed = acceptUnsealed;
  }

  /** What should be said of the use of the keys; each thing once. */
  takeNotice(): string | undefined {
    return this.#sealer?.takeNotice();
  }

  /** Whether records are sealed here. */
  get areSealed(): boolean {
    return this.#sealer !== undefined;
  }

  write(entry: Entry): string {
    const { kind, event, time, userId, externalId, email, owner, body } = entry;
    const head = {
      kind,
      event,
      time,
      userId,
      externalId,
      email,
      owner: typeof owner === 'string' ? owner : undefined,
      bytes: body.length,
    };
    const text = `${JSON.stringify(head)}\n${fromBytes(body)}`;
    return this.#sealer === undefined ? text : this.#sealer.seal(text, entry.distinctId);
  }

  /** @throws {UnreadableRecordError} */
  read(distinctId: string, text: string): Entry {
    return toEntry(distinctId, this.#open(text, distinctId));
  }

  /** For what is not delivered: `undefined` when it cannot be read, and a text that is not sealed is read in any case. */
  readAny(distinctId: string, text: string): Entry | undefined {
    try {
      return isSealed(text) ? this.read(distinctId, text) : toEntry(distinctId, text);
    } catch (error) {
      if (error instanceof UnreadableRecordError) return undefined;
      throw error;
    }
  }

  /** How an event ended, as text: what the service has said of it may quote it. Sealed, it is bound to its event. */
  writeOutcome(distinctId: string, outcome: Undelivered): string {
    const text = JSON.stringify(outcome);
    return this.#sealer === undefined ? text : this.#sealer.seal(text, outcomeOf(distinctId));
  }

  readOutcome(distinctId: string, text: string): Undelivered {
    try {
      return JSON.parse(this.#open(text, outcomeOf(distinctId))) as Undelivered;
    } catch (error) {
      const why = error instanceof UnreadableRecordError ? error.message : 'it was written only in part, or changed';
      return { status: 'rejected', code: 'unreadable', message: `the reason cannot be read: ${why}` };
    }
  }

  /** Opaque names of whose an entry is: two entries about one person share at least one. */
  people(entry: Entry): string[] {
    const sealer = this.#sealer;
    return identifiersOf(entry).flatMap((identifier) =>
      sealer === undefined
        ? createHash('sha256').update(identifier).digest('base64url')
        : sealer.fingerprints(identifier),
    );
  }

  #open(text: string, context: string): string {
    const sealer = this.#sealer;
    if (!isSealed(text)) {
      if (sealer === undefined || this.#acceptUnsealed) return text;
      throw new UnreadableRecordError('it is not sealed', 'not_sealed');
    }
    try {
      if (sealer === undefined) throw unknownKey(text);
      return sealer.open(text, context);
    } catch (error) {
      if (error instanceof UnknownKeyError) throw new UnreadableRecordError(error.message, 'no_key');
      throw new UnreadableRecordError('it was changed after it was sealed', 'damaged');
    }
  }
}

/** What a sealed outcome is bound to. No entry is bound to the same: an outcome is one line, and an entry is two. */
function outcomeOf(distinctId: string): string {
  return `outcome\n${distinctId}`;
}

function toEntry(distinctId: string, plain: string): Entry {
  const end = plain.indexOf('\n');
  try {
    const { bytes, ...head } = JSON.parse(plain.slice(0, end)) as Omit<Entry, 'body'> & { readonly bytes: number };
    const body = toBytes(plain.slice(end + 1));
    if (end < 0 || body.length !== bytes) throw new Error();
    const { kind, event, time, userId, externalId, email, owner } = head;
    // With all fields that delivery sets later: adding one to every entry of a claim would move each to another shape.
    return { kind, distinctId, event, body, time, userId, externalId, email, owner, wasSent: undefined };
  } catch {
    // What the parser says would quote the event.
    throw new UnreadableRecordError('it was written only in part, or changed', 'damaged');
  }
}
