import { CURRENCIES } from './prices.js';

// Without this, browsers request an icon that does not exist.
const HEAD =
  '<!doctype html><html lang="en"><meta charset="utf-8"><title>The shop</title><link rel="icon" href="data:,">';

/**
 * The home page. `variant` is `undefined` for a visitor outside the experiment, who sees the original page. `script` starts the
 * browser SDK.
 */
export function homePage(variant: string | undefined, script = ''): string {
  const headline = variant === 'one_page' ? 'One plan, one click.' : 'Choose your plan';
  const buttons = CURRENCIES.map(
    (currency) => `<button name="currency" value="${currency}">Buy in ${currency}</button>`,
  );
  return `${HEAD}
<body data-variant="${variant ?? ''}">
<h1>${headline}</h1>
<form method="post" action="/checkout">${buttons.join(' ')}</form>
${script}`;
}

/** The page after a payment. `eventsUrl` shows a developer the visitor's events. */
export function thanksPage(paymentId: string, eventsUrl?: string): string {
  const events = eventsUrl === undefined ? '' : ` <a href="${eventsUrl}">This visitor's events in the collector</a>`;
  return `${HEAD}
<body data-payment="${paymentId}">
<h1>Thank you</h1>
<a href="/">Back to the shop</a>${events}`;
}
