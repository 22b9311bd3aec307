/** An event of about 400 bytes on the wire, as a shop sends it; `i` makes it unlike the others. */
export function makeEvent(i) {
  return {
    event: 'purchase',
    userId: `8f14e45f-ceea-467f-a8d3-${String(i % 10_000).padStart(12, '0')}`,
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

/** The same event as the row that goes over the wire: what bare JSON.stringify is given. */
export function makeRow(i) {
  const { sessionId, defaultProperties, eventProperties, ...event } = makeEvent(i);
  return {
    time: Date.now(),
    ...event,
    eventProperties: { ...eventProperties, value: '129.99', items: '3' },
    defaultProperties: { sid: sessionId, ...defaultProperties },
  };
}
