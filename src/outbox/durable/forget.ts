import type { Entry } from '../../protocol/event.js';
import type { Identity } from '../../protocol/identity.js';
import type { DeadLetters, ForgetOptions, Forgotten } from '../outbox.js';
import { matcherOf } from '../person-matcher.js';
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

/** An entry that was still inside. */
export interface FoundRow {
  readonly key: string;
  readonly isClaimed: boolean;
}

/** What `forget` needs of an engine. Pages have ascending keys and at most {@link FORGET_PAGE} rows. */
export interface ErasableStore {
  /** The next page of entries, claimed ones included. @param after the last key of the previous page */
  entries(after: string | undefined): Promise<readonly StoredRow[]>;
  deadLetterRows(after: string | undefined): Promise<readonly StoredRow[]>;
  /** Finds the entries that still exist, and removes them unless it is a dry run. */
  remove(keys: readonly string[], dryRun: boolean): Promise<readonly FoundRow[]>;
  readonly deadLetters: Pick<DeadLetters, 'discard'>;
}

/**
 * Removes a person's events from a store. Entries come first: one that becomes a dead letter meanwhile is then found there.
 *
 * @throws {OursError} `invalid_option` without a valid identifier
 */
export async function forget(
  person: Identity,
  options: ForgetOptions | undefined,
  codec: EntryCodec,
  store: ErasableStore,
): Promise<Forgotten> {
  const { dryRun = false, onRemoved } = options ?? {};
  const isTheirs = matcherOf(person);
  let [entries, claimed, deadLetters, unreadable] = [0, 0, 0, 0];
  const find = (page: readonly StoredRow[]): Map<string, Entry> => {
    const theirs = new Map<string, Entry>();
    for (const { key, distinctId, record } of page) {
      const entry = codec.readAny(distinctId, record);
      if (entry === undefined) unreadable += 1;
      else if (isTheirs(entry)) theirs.set(key, entry);
    }
    return theirs;
  };

  for await (const page of pagesOf((after) => store.entries(after))) {
    const theirs = find(page);
    if (theirs.size === 0) continue;
    for (const { key, isClaimed } of await store.remove([...theirs.keys()], dryRun)) {
      entries += 1;
      if (isClaimed) claimed += 1;
      if (!dryRun) onRemoved?.(theirs.get(key)!, isClaimed);
    }
  }
  for await (const page of pagesOf((after) => store.deadLetterRows(after))) {
    const ids = [...find(page).values()].map(({ distinctId }) => distinctId);
    deadLetters += dryRun || ids.length === 0 ? ids.length : await store.deadLetters.discard(ids);
  }
  return { entries, claimed, deadLetters, unreadable };
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
