import { CURRENCIES } from './prices.js';

// Without an icon named here, browsers ask for one that is not there.
const HEAD =
  '<!doctype html><html lang="en"><meta charset="utf-8"><title>The shop</title><link rel="icon" href="data:,">';

/**
 * The home page. `variant` is `undefined` for a visitor who is not in the experiment: they see the shop as it always was.
 * `script` starts the browser SDK.
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

/** What a visitor sees after paying. `eventsUrl` is where a developer sees what became of it. */
export function thanksPage(paymentId: string, eventsUrl?: string): string {
  const events = eventsUrl === undefined ? '' : ` <a href="${eventsUrl}">What the collector has of this visitor</a>`;
  return `${HEAD}
<body data-payment="${paymentId}">
<h1>Thank you</h1>
<a href="/">Back to the shop</a>${events}`;
}
