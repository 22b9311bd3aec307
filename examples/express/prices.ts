/** What the annual plan costs, as payment providers write amounts: in the currency's minor unit. */
export const PRICES = { usd: 4_900, eur: 4_550, jpy: 7_300, kwd: 15_250 } as const;

export type Currency = keyof typeof PRICES;

export const CURRENCIES: readonly Currency[] = ['usd', 'eur', 'jpy', 'kwd'];

// Source: https://docs.stripe.com/currencies. ISK and UGX are absent on purpose: Stripe's amounts keep two digits for them.
const ZERO_DECIMAL = 'bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf'.split(' ');
const THREE_DECIMAL = 'bhd jod kwd omr tnd'.split(' ');

/** 4900 of `usd` is 49; 7300 of `jpy` is 7300; 15250 of `kwd` is 15.25. */
export function fromMinorUnits(amount: number, currency: string): number {
  if (ZERO_DECIMAL.includes(currency)) return amount;
  return amount / (THREE_DECIMAL.includes(currency) ? 1_000 : 100);
}
