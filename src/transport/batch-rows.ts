import type { ServiceAnswer } from './service-answer.js';

/** A row of a batch that the service did not take. */
export interface FailedRow {
  readonly index: number;
  readonly code: unknown;
  readonly message: unknown;
}

interface Row {
  readonly index?: unknown;
  readonly success?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
}

/**
 * The rows that failed, or `undefined` when the answer leaves the fate of any of the `sent` rows open: a row that is not
 * named while the counts do not include it, one that is named twice, an index that was never sent, counts that contradict
 * the rows.
 *
 * The counts may be missing. So may `results`, and then `success` speaks for every row: the service documents
 * `{"success":true}` for its other calls.
 */
export function failedRows(
  { success, accepted, failed, results }: ServiceAnswer,
  sent: number,
): FailedRow[] | undefined {
  const rows: readonly (Row | null)[] = Array.isArray(results) ? results : [];
  const failures: FailedRow[] = [];
  const named = new Set<number>();
  for (const row of rows) {
    const index = row?.index as number;
    const isUsable = Number.isInteger(index) && index >= 0 && index < sent && typeof row?.success === 'boolean';
    if (!isUsable || named.has(index)) return undefined;
    named.add(index);
    if (!row.success) failures.push({ index, code: row.code, message: row.message });
  }
  const isCounted = typeof accepted === 'number' || typeof failed === 'number';
  // A row that nothing speaks for: no entry of its own, no counts, and the answer does name others.
  if (named.size > 0 && named.size < sent && !isCounted) return undefined;
  // A failure of nothing in particular.
  if (!success && failures.length === 0) return undefined;
  const isConsistent = (count: unknown, expected: number): boolean => typeof count !== 'number' || count === expected;
  return isConsistent(accepted, sent - failures.length) && isConsistent(failed, failures.length) ? failures : undefined;
}
