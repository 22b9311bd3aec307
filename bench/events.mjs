// The same purchase for every subject: about 400 bytes on our wire, as a shop sends it. `i` makes it unlike the others.

const userId = (i) => `8f14e45f-ceea-467f-a8d3-${String(Math.abs(i) % 10_000).padStart(12, '0')}`;

/** As our `track` takes it. */
export function makeEvent(i) {
  return {
    event: 'purchase',
    userId: userId(i),
    distinctId: `purchase:order_${i}`,
    sessionId: '1732400000000',
    eventProperties: {
      order_id: `order_${i}`,
      value: 129.99,
      currency: 'EUR',
      items: 3,
      coupon: 'WELCOME10',
      plan: 'pro yearly',
      channel: 'web',
    },
    defaultProperties: {
      current_url: 'https://shop.example/checkout/thank-you',
      user_agent: 'Mozilla/5.0 (X11; Linux x86_64)',
    },
  };
}

/** The row that goes over the wire, made as cheaply as it can be: what bare JSON.stringify is given. */
export function makeRow(i) {
  return {
    time: Date.now(),
    event: 'purchase',
    userId: userId(i),
    distinctId: `purchase:order_${i}`,
    eventProperties: {
      order_id: `order_${i}`,
      value: '129.99',
      currency: 'EUR',
      items: '3',
      coupon: 'WELCOME10',
      plan: 'pro yearly',
      channel: 'web',
    },
    defaultProperties: {
      sid: '1732400000000',
      current_url: 'https://shop.example/checkout/thank-you',
      user_agent: 'Mozilla/5.0 (X11; Linux x86_64)',
    },
  };
}

/** The properties alone, for peers that know one map of them. */
export function makeProperties(i) {
  return {
    order_id: `order_${i}`,
    value: 129.99,
    currency: 'EUR',
    items: 3,
    coupon: 'WELCOME10',
    plan: 'pro yearly',
    channel: 'web',
    session_id: '1732400000000',
    current_url: 'https://shop.example/checkout/thank-you',
    user_agent: 'Mozilla/5.0 (X11; Linux x86_64)',
  };
}

export { userId as makeUserId };
