import type { Currency } from '../shop/prices.js';

/** A purchase, as the visitor recorded it. */
export interface Bought {
  readonly paymentId: string;
  readonly visitorId: string;
  /** In units of the currency, as on the price tag. */
  readonly value: number;
  readonly currency: Currency;
}

/** What every visitor saw and bought, recorded by the visitors, to compare with the collector's counts. */
export interface Ledger {
  /** The variant by visitor; `undefined` for none. */
  readonly seen: Map<string, string | undefined>;
  readonly bought: Bought[];
}

export function createLedger(): Ledger {
  return { seen: new Map(), bought: [] };
}
