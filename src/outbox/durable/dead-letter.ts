import type { DeadLetter } from '../outbox.js';
import type { EntryCodec } from './entry-codec.js';
import { fromStoredId } from './stored-id.js';
import { isUnreadable } from './unreadable.js';

/** A dead letter as engines store it. */
export interface StoredDeadLetter {
  readonly storedId: string;
  readonly outcome: string;
  readonly at: number;
  readonly record: string;
}

export function readDeadLetter(codec: EntryCodec, { storedId, outcome, at, record }: StoredDeadLetter): DeadLetter {
  const distinctId = fromStoredId(storedId);
  const entry = codec.read(distinctId, record);
  return {
    distinctId,
    outcome: codec.readOutcome(distinctId, outcome),
    at,
    entry: isUnreadable(entry) ? undefined : entry,
  };
}
