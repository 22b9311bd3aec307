import { BROKEN_ANSWERS } from './broken-answers.js';
import type { Exchange } from './exchange.js';
import { PAGES } from './pages.js';
import { REFUSALS } from './refusals.js';

const ANSWERS = {
  '403': PAGES['page 403'],
  '404': PAGES['page 404'],
  '500': REFUSALS['500'],
  '502': PAGES['page 502'],
  page: PAGES['page 200'],
  reset: BROKEN_ANSWERS['reset, nothing taken'],
  hang: BROKEN_ANSWERS['no answer'],
} as const;

/** How every request that holds a poison event is answered. None of its rows is accepted. */
export type Poison = keyof typeof ANSWERS;
export const POISONS: readonly Poison[] = Object.keys(ANSWERS) as Poison[];

/** Answers a request that holds a poison event; returns whether it did. */
export function answerPoison(exchange: Exchange): boolean {
  const poison = exchange.rows.map(({ eventProperties }) => eventProperties?.poison).find((one) => one != null);
  if (poison == null) return false;
  ANSWERS[poison as Poison](exchange);
  return true;
}
