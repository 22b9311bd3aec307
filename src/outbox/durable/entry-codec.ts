import { createHash } from 'node:crypto';
import { failOption } from '../../core/check-option.js';
import type { Undelivered } from '../../core/outcome.js';
import type { SecretKey } from '../../core/secret-key.js';
import { fromBytes, toBytes } from '../../protocol/bytes.js';
import { type Entry, identifiersOf } from '../../protocol/event.js';
import { type KeyUsage, keyUsage } from './key-usage.js';
import { isSealed, noKeyFor, Sealer } from './sealing.js';
import { escapeUnit } from './stored-id.js';
import { damaged, isUnreadable, type Unreadable } from './unreadable.js';

export interface SealingOptions {
  /** The first key seals, all keys open. Without keys nothing is sealed. */
  readonly sealingKeys?: readonly SecretKey[] | undefined;
  /** Whether unsealed records are read although there are keys. */
  readonly acceptUnsealed?: boolean | undefined;
}

/**
 * Encodes entries for durable outboxes, as a record of two lines: the entry's fields, and the JSON that goes to the service.
 *
 *   {"kind":"track","event":"purchase","time":1700000000000,"userId":"…","bytes":412}
 *   {"time":1700000000000,"event":"purchase",…}
 *
 * With keys the whole record is sealed and bound to its `distinctId`, and an unsealed record is not trusted: someone without a
 * key may have written it.
 */
export class EntryCodec {
  readonly #sealer: Sealer | undefined;
  readonly #acceptUnsealed: boolean;

  /** @throws {OursError} `invalid_option` for invalid keys */
  constructor({ sealingKeys, acceptUnsealed = false }: SealingOptions, usage: KeyUsage = keyUsage) {
    this.#sealer = sealingKeys === undefined ? undefined : new Sealer(sealingKeys, usage);
    if (typeof acceptUnsealed !== 'boolean') failOption('acceptUnsealed must be true or false.');
    this.#acceptUnsealed = acceptUnsealed;
  }

  /** A warning about the use of the keys, once. */
  takeNotice(): string | undefined {
    return this.#sealer?.takeNotice();
  }

  /** Whether records are sealed. */
  get seals(): boolean {
    return this.#sealer !== undefined;
  }

  write(entry: Entry): string {
    const { kind, event, time, userId, externalId, email, owner, trace, body } = entry;
    const head = {
      kind,
      event,
      time,
      userId,
      externalId,
      email,
      owner: typeof owner === 'string' ? owner : undefined,
      trace,
      bytes: body.length,
    };
    return this.#seal(`${JSON.stringify(head)}\n${fromBytes(body)}`, entry.distinctId);
  }

  read(distinctId: string, record: string): Entry | Unreadable {
    const text = this.#open(record, distinctId);
    const entry = isUnreadable(text) ? text : toEntry(distinctId, text);
    return isUnreadable(entry) || isMergeable(entry) ? entry : INCOMPLETE;
  }

  /**
   * Reads a record that is not going to be delivered: an unsealed one is read in any case, and its body may be anything.
   * `undefined` if unreadable.
   */
  readAny(distinctId: string, record: string): Entry | undefined {
    const text = isSealed(record) ? this.#open(record, distinctId) : record;
    const entry = isUnreadable(text) ? text : toEntry(distinctId, text);
    return isUnreadable(entry) ? undefined : entry;
  }

  /**
   * Encodes a dead letter's outcome in ASCII: a database's encoding may lack a character of the service's message. It is sealed
   * too, because that message may quote the event.
   */
  writeOutcome(distinctId: string, outcome: Undelivered): string {
    return this.#seal(toAsciiJson(outcome), outcomeOf(distinctId));
  }

  readOutcome(distinctId: string, record: string): Undelivered {
    const text = this.#open(record, outcomeOf(distinctId));
    const unreadable = (why: string): Undelivered => ({
      status: 'rejected',
      code: 'unreadable',
      message: `the reason cannot be read: ${why}`,
    });
    if (isUnreadable(text)) return unreadable(text.message);
    try {
      return JSON.parse(text) as Undelivered;
    } catch {
      return unreadable(INCOMPLETE.message);
    }
  }

  /** Opaque names of the person an entry is about: two entries about one person share at least one. */
  people(entry: Entry): string[] {
    const sealer = this.#sealer;
    return identifiersOf(entry).flatMap((identifier) =>
      sealer === undefined
        ? createHash('sha256').update(identifier).digest('base64url')
        : sealer.fingerprints(identifier),
    );
  }

  #seal(text: string, context: string): string {
    return this.#sealer === undefined ? text : this.#sealer.seal(text, context);
  }

  #open(record: string, context: string): string | Unreadable {
    const sealer = this.#sealer;
    if (isSealed(record)) return sealer === undefined ? noKeyFor(record) : sealer.open(record, context);
    if (sealer === undefined || this.#acceptUnsealed) return record;
    return { why: 'not_sealed', message: 'it is not sealed' };
  }
}

const INCOMPLETE = damaged('it was written only in part, or changed');

function toAsciiJson(value: unknown): string {
  return JSON.stringify(value).replace(/[^\x20-\x7e]/g, escapeUnit);
}

/** The context of a sealed outcome. No entry has the same context: an outcome is one line, and an entry is two. */
function outcomeOf(distinctId: string): string {
  return `outcome\n${distinctId}`;
}

function toEntry(distinctId: string, plain: string): Entry | Unreadable {
  const end = plain.indexOf('\n');
  try {
    const { bytes, ...head } = JSON.parse(plain.slice(0, end)) as Omit<Entry, 'body'> & { readonly bytes: number };
    const body = toBytes(plain.slice(end + 1));
    if (end < 0 || body.length !== bytes || !isHead(head)) return INCOMPLETE;
    const { kind, event, time, userId, externalId, email, owner, trace } = head;
    // Includes the fields that delivery sets later: adding one to every entry of a claim would change each object's shape.
    return { kind, distinctId, event, body, time, userId, externalId, email, owner, trace, wasSent: undefined };
  } catch {
    // The parser's message would quote the event.
    return INCOMPLETE;
  }
}

/** Whether the fields are an entry's. Delivery neither sends nor releases one of another kind. */
function isHead({ kind, event, time, userId, externalId, email }: Omit<Entry, 'body'>): boolean {
  return (
    (kind === 'track' || kind === 'identify') &&
    typeof event === 'string' &&
    typeof time === 'number' &&
    [userId, externalId, email].every((identifier) => identifier === undefined || typeof identifier === 'string')
  );
}

/**
 * Whether delivery can merge an identify with others of its person: its body is a JSON object. Tracks are not parsed, because
 * there are many of them: one that is not JSON fails its request, and delivery isolates it.
 */
function isMergeable({ kind, body }: Entry): boolean {
  if (kind === 'track') return true;
  try {
    const row: unknown = JSON.parse(fromBytes(body));
    return row instanceof Object && !Array.isArray(row);
  } catch {
    return false;
  }
}
