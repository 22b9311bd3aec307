import type { CommerceEvents, Money } from '../../commerce/index.js';
import type { Conversion } from '../conversion.js';
import { fromMinorUnits } from '../minor-units.js';

/** A conversion of a Stripe event. */
export type StripeConversion = Conversion<CommerceEvents>;

export function toMoney(amount: number, currency: string): Money {
  return { value: fromMinorUnits(amount, currency), currency: currency.toUpperCase() };
}

/**
 * Converts Stripe's seconds to milliseconds. Stripe rounds down, so the end of the second is used: otherwise a payment could appear
 * to come before an exposure in the same second.
 */
export function toTime(seconds: number): number {
  return seconds * 1000 + 999;
}
