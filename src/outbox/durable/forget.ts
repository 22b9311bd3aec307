import { failOption } from '../../core/check-option.js';
import type { Entry } from '../../protocol/event.js';
import type { Identity } from '../../protocol/identity.js';
import type { DeadLetters, ForgetOptions, Forgotten } from '../outbox.js';
import type { EntryCodec } from './entry-codec.js';

/** Rows that are read at a time. */
export const FORGET_PAGE = 500;

/** An entry or a dead letter as it is stored. */
export interface StoredRow {
  /** Where it stands among its kind; the next page begins behind it. */
  readonly key: string;
  readonly distinctId: string;
  readonly record: string;
}

/** What forgetting needs of a store. Pages go by growing keys and hold at most {@link FORGET_PAGE} rows. */
export interface ErasableStore {
  /** The entries behind one, claimed ones included. @param after of an earlier page; `undefined` for the first */
  entries(after: string | undefined): Promise<readonly StoredRow[]>;
  letters(after: string | undefined): Promise<readonly StoredRow[]>;
  /** Counts the entries that are still there, and removes them unless it is a dry run. */
  remove(keys: readonly string[], dryRun: boolean): Promise<{ readonly entries: number; readonly claimed: number }>;
  readonly deadLetters: Pick<DeadLetters, 'discard'>;
}

/**
 * Removes what a store holds of one person. Entries come first: one that becomes a dead letter meanwhile is found there.
 *
 * @throws {OursError} `invalid_option` for nobody
 */
export async function forget(
  person: Identity,
  { dryRun = false }: ForgetOptions,
  records: EntryCodec,
  store: ErasableStore,
): Promise<Forgotten> {
  const isTheirs = toMatcher(person);
  let [entries, claimed, deadLetters, unreadable] = [0, 0, 0, 0];
  const find = (page: readonly StoredRow[]): StoredRow[] =>
    page.filter(({ distinctId, record }) => {
      const entry = records.readAny(distinctId, record);
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
  for await (const page of pagesOf((after) => store.letters(after))) {
    const ids = find(page).map(({ distinctId }) => distinctId);
    deadLetters += dryRun || ids.length === 0 ? ids.length : await store.deadLetters.discard(ids);
  }
  return { entries, claimed, deadLetters, unreadable };
}

/** Whoever has one of the names. An address is the same however it is written. */
function toMatcher({ userId, externalId, email }: Identity): (entry: Entry) => boolean {
  for (const [field, value] of Object.entries({ userId, externalId, email })) {
    if (value !== undefined && (typeof value !== 'string' || value === '')) {
      failOption(`forget: ${field} must be a string that is not empty.`);
    }
  }
  if ((userId ?? externalId ?? email) === undefined) {
    failOption('forget needs a person: a userId, an externalId, an email, or several of them.');
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
