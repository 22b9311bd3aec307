// Source: https://docs.stripe.com/currencies. ISK and UGX are absent on purpose: they have no minor unit any more, but amounts
// keep two digits for them. HUF and TWD are whole only in payouts.
const ZERO_DECIMAL = new Set('BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF'.split(' '));
const THREE_DECIMAL = new Set('BHD JOD KWD OMR TND'.split(' '));

/**
 * An amount in whole units of its currency, from minor units by Stripe's table of currencies: 4900 of `usd` is 49, 7300 of `jpy`
 * is 7300, 15250 of `kwd` is 15.25. Other providers count the minor units of some currencies otherwise: see theirs.
 */
export function fromMinorUnits(amount: number, currency: string): number {
  const code = currency.toUpperCase();
  if (ZERO_DECIMAL.has(code)) return amount;
  return amount / (THREE_DECIMAL.has(code) ? 1000 : 100);
}
