import type { Currency } from '../shop/prices.js';

/** Something a visitor bought, as the visitor would tell it. */
export interface Bought {
  readonly paymentId: string;
  readonly visitorId: string;
  /** In the currency's own unit, as on the price tag. */
  readonly value: number;
  readonly currency: Currency;
}

/** What every visitor saw and bought, written down by the visitors: what the collector's numbers are held against. */
export interface Ledger {
  /** The variant by visitor; `undefined` for one who was shown none. */
  readonly seen: Map<string, string | undefined>;
  readonly bought: Bought[];
}

/** Opens the books. */
export function createLedger(): Ledger {
  return { seen: new Map(), bought: [] };
}
