/** The price of the annual plan, in minor units as payment providers use them. */
export const PRICES = { usd: 4_900, eur: 4_550, jpy: 7_300, kwd: 15_250 } as const;

export type Currency = keyof typeof PRICES;

export const CURRENCIES: readonly Currency[] = ['usd', 'eur', 'jpy', 'kwd'];
