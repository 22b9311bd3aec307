import { CURRENCIES } from './prices.js';

// The real browser SDK is a script tag. These lines do the one thing the shop needs of it, for a person who comes by.
const BROWSER_SDK = `
  if (!document.cookie.includes('ours_device_id=')) {
    document.cookie = 'ours_device_id=' + crypto.randomUUID() + '; path=/; max-age=31536000';
    document.cookie = '_cord_sdk_data=' + encodeURIComponent(JSON.stringify({ sid: 'sid_' + Date.now() })) + '; path=/';
    location.reload();
  }`;

/** The home page. `variant` is `undefined` for a visitor who is not in the experiment: they see the shop as it always was. */
export function homePage(variant: string | undefined): string {
  const headline = variant === 'one_page' ? 'One plan, one click.' : 'Choose your plan';
  const buttons = CURRENCIES.map(
    (currency) => `<button name="currency" value="${currency}">Buy in ${currency}</button>`,
  );
  return `<!doctype html><title>The shop</title>
<body data-variant="${variant ?? ''}">
<h1>${headline}</h1>
<form method="post" action="/checkout">${buttons.join(' ')}</form>
<script>${BROWSER_SDK}</script>`;
}

/** What a visitor sees after paying. */
export function thanksPage(paymentId: string): string {
  return `<!doctype html><title>The shop</title>
<body data-payment="${paymentId}">
<h1>Thank you</h1>
<a href="/">Back to the shop</a>`;
}
