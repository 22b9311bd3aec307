import type { DeadLetters } from '../outbox/outbox.js';

/** Letters taken at once. */
const PAGE = 500;

/**
 * Takes away, the oldest first, as many letters as there are at the start; resolves to how many went. Replayed ones may die
 * again meanwhile and go to the end of the line: without that bound they would be taken for ever.
 */
export async function takeAll(
  letters: DeadLetters,
  take: (distinctIds: readonly string[]) => Promise<number>,
): Promise<number> {
  let left = await letters.count();
  let taken = 0;
  while (left > 0) {
    const page = await letters.list({ limit: Math.min(left, PAGE) });
    if (page.length === 0) break;
    taken += await take(page.map(({ distinctId }) => distinctId));
    left -= page.length;
  }
  return taken;
}
