import { failOption } from '../../core/check-option.js';
import type { Entry } from '../../protocol/event.js';
import type { Identity } from '../../protocol/identity.js';
import type { DeadLetters, ForgetOptions, Forgotten } from '../outbox.js';
import type { EntryCodec } from './entry-codec.js';

/** Rows in one page. */
export const FORGET_PAGE = 500;

/** An entry or a dead letter as it is stored. */
export interface StoredRow {
  /** Its sort key; the next page begins after it. */
  readonly key: string;
  readonly distinctId: string;
  readonly record: string;
}

/** What `forget` needs of an engine. Pages have ascending keys and at most {@link FORGET_PAGE} rows. */
export interface ErasableStore {
  /** The next page of entries, claimed ones included. @param after the last key of the previous page */
  entries(after: string | undefined): Promise<readonly StoredRow[]>;
  deadLetterRows(after: string | undefined): Promise<readonly StoredRow[]>;
  /** Counts the entries that still exist, and removes them unless it is a dry run. */
  remove(keys: readonly string[], dryRun: boolean): Promise<{ readonly entries: number; readonly claimed: number }>;
  readonly deadLetters: Pick<DeadLetters, 'discard'>;
}

/**
 * Removes a person's events from a store. Entries come first: one that becomes a dead letter meanwhile is then found there.
 *
 * @throws {OursError} `invalid_option` without a valid identifier
 */
export async function forget(
  person: Identity,
  { dryRun = false }: ForgetOptions,
  codec: EntryCodec,
  store: ErasableStore,
): Promise<Forgotten> {
  const isTheirs = toMatcher(person);
  let [entries, claimed, deadLetters, unreadable] = [0, 0, 0, 0];
  const find = (page: readonly StoredRow[]): StoredRow[] =>
    page.filter(({ distinctId, record }) => {
      const entry = codec.readAny(distinctId, record);
      if (entry === undefined) unreadable += 1;
      return entry !== undefined && isTheirs(entry);
    });

  for await (const page of pagesOf((after) => store.entries(after))) {
    const theirs = find(page);
    if (theirs.length === 0) continue;
    const removed = await store.remove(
      theirs.map(({ key }) => key),
      dryRun,
    );
    entries += removed.entries;
    claimed += removed.claimed;
  }
  for await (const page of pagesOf((after) => store.deadLetterRows(after))) {
    const ids = find(page).map(({ distinctId }) => distinctId);
    deadLetters += dryRun || ids.length === 0 ? ids.length : await store.deadLetters.discard(ids);
  }
  return { entries, claimed, deadLetters, unreadable };
}

/** Matches entries that have one of the identifiers. Email addresses are compared without case. */
function toMatcher({ userId, externalId, email }: Identity): (entry: Entry) => boolean {
  for (const [field, value] of Object.entries({ userId, externalId, email })) {
    if (value !== undefined && (typeof value !== 'string' || value === '')) {
      failOption(`forget: ${field} must be a non-empty string.`);
    }
  }
  if ((userId ?? externalId ?? email) === undefined) {
    failOption('forget needs a userId, an externalId, an email, or several of them.');
  }
  const address = email?.toLowerCase();
  return (entry) =>
    (userId !== undefined && entry.userId === userId) ||
    (externalId !== undefined && entry.externalId === externalId) ||
    (address !== undefined && entry.email?.toLowerCase() === address);
}

async function* pagesOf(
  read: (after: string | undefined) => Promise<readonly StoredRow[]>,
): AsyncGenerator<readonly StoredRow[]> {
  let after: string | undefined;
  for (;;) {
    const page = await read(after);
    if (page.length === 0) return;
    yield page;
    after = page.at(-1)!.key;
  }
}
