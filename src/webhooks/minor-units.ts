// Source: https://docs.stripe.com/currencies. ISK and UGX are not listed on purpose: they have no minor unit any more, but their
// amounts keep two digits. HUF and TWD have no decimals only in payouts.
const ZERO_DECIMAL = new Set('BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF'.split(' '));
const THREE_DECIMAL = new Set('BHD JOD KWD OMR TND'.split(' '));

/**
 * Converts minor units to units of the currency, by Stripe's table: 4900 `usd` is 49, 7300 `jpy` is 7300, 15250 `kwd` is 15.25.
 * Other providers define the minor units of some currencies differently.
 */
export function fromMinorUnits(amount: number, currency: string): number {
  const code = currency.toUpperCase();
  if (ZERO_DECIMAL.has(code)) return amount;
  return amount / (THREE_DECIMAL.has(code) ? 1000 : 100);
}
