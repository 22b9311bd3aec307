import type { CommerceEvents, Money } from '../../commerce/index.js';
import type { Conversion } from '../conversion.js';
import { fromMinorUnits } from '../minor-units.js';

/** What Stripe's events are reported as. */
export type StripeConversion = Conversion<CommerceEvents>;

export function toMoney(amount: number, currency: string): Money {
  return { value: fromMinorUnits(amount, currency), currency: currency.toUpperCase() };
}

/**
 * Milliseconds, from Stripe's seconds. It cuts off the rest of a second: the end of the second is taken, or a payment would come
 * before the variant that was seen in that second.
 */
export function toTime(seconds: number): number {
  return seconds * 1000 + 999;
}
