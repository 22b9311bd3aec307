import { createHash } from 'node:crypto';
import type { Undelivered } from '../outcome.js';
import { fromBytes, toBytes } from '../protocol/bytes.js';
import { type Entry, identifiersOf } from '../protocol/event.js';
import type { SecretKey } from '../secret-key.js';
import { isSealed, Sealer, UnknownKeyError, unknownKey } from './sealing.js';

/** What a sealed outcome is bound to. */
const OUTCOME = 'outcome';

/** Why an entry that was stored cannot be had. */
export class UnreadableRecordError extends Error {
  override readonly name = 'UnreadableRecordError';
  /** Whether it could be read with another key; otherwise it is damaged for good. */
  readonly isSealed: boolean;

  constructor(message: string, isSealed: boolean) {
    super(message);
    this.isSealed = isSealed;
  }
}

/**
 * How the durable outboxes keep an entry: as text, a line with what the entry is and the line of JSON that goes to the
 * service.
 *
 *   {"kind":"track","event":"purchase","time":1700000000000,"userId":"…","bytes":412}
 *   {"time":1700000000000,"event":"purchase",…}
 *
 * With keys the whole text is sealed, bound to its `distinctId`.
 */
export class Records {
  readonly #sealer: Sealer | undefined;

  /** @throws {OursError} `invalid_option` for keys that are none */
  constructor(sealingKeys: readonly SecretKey[] | undefined) {
    this.#sealer = sealingKeys === undefined ? undefined : new Sealer(sealingKeys);
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
    const plain = isSealed(text) ? this.#open(distinctId, text) : text;
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
      throw new UnreadableRecordError('it was written only in part, or changed', false);
    }
  }

  /** How an event ended, as text: what the service has said of it may quote it. */
  writeOutcome(outcome: Undelivered): string {
    const text = JSON.stringify(outcome);
    return this.#sealer === undefined ? text : this.#sealer.seal(text, OUTCOME);
  }

  readOutcome(text: string): Undelivered {
    try {
      return JSON.parse(isSealed(text) ? this.#open(OUTCOME, text) : text) as Undelivered;
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

  #open(context: string, text: string): string {
    try {
      if (this.#sealer === undefined) throw unknownKey(text);
      return this.#sealer.open(text, context);
    } catch (error) {
      if (error instanceof UnknownKeyError) throw new UnreadableRecordError(error.message, true);
      throw new UnreadableRecordError('it was changed after it was sealed', false);
    }
  }
}
