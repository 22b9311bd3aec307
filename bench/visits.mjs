// What the collector is fed: visitors with one session each, exposed to an experiment, of whom some buy.

/** Events that follow a visitor's impression. */
export const EVENTS_PER_VISITOR = 9;

const MINUTE = 60_000;
// Within the 30 minutes in which an impression without a session finds the session it belongs to, and the rest of a visit.
const MINUTES_APART = 20;
const ADDS_AT = 4;
const BUYS_AT = 9;

export const experiment = {
  key: 'checkout',
  variants: [{ name: 'C' }, { name: 'T' }],
  primary: 'purchase',
  secondary: ['add_to_cart'],
};

const variantOf = (visitor) => (visitor % 2 === 0 ? 'C' : 'T');
// Of every 100 visitors of C 10 buy, of T 12.
const buys = (visitor) => Math.floor(visitor / 2) % 50 < (variantOf(visitor) === 'C' ? 5 : 6);
const nameOf = (visitor) => `visitor-${visitor}`;
const sidOf = (visitor) => String(1_732_400_000_000 + visitor);

/** A row of the browser's `/ingest`; every second pair of visitors was assigned by a server, which knows no session. */
export function impressionRow(visitor) {
  const variant = variantOf(visitor);
  return {
    event: '$experiment_impression',
    visitor_id: nameOf(visitor),
    distinct_id: `impression:${visitor}`,
    eventProperties: {
      experiment_key: experiment.key,
      experiment_id: `experiment_${experiment.key}`,
      variant_name: variant,
      variant_id: `variant_${variant}`,
    },
    defaultProperties: visitor % 4 < 2 ? { sid: sidOf(visitor) } : {},
  };
}

/** A row of `/batch`: the visitor's event number `turn`, counted from 1, of a visit that began at `exposedAt`. */
export function trackRow(visitor, turn, exposedAt) {
  return {
    event: eventAt(visitor, turn),
    userId: nameOf(visitor),
    distinctId: `event:${visitor}:${turn}`,
    time: exposedAt + turn * MINUTES_APART * MINUTE,
    eventProperties: { order_id: `order_${visitor}`, value: '129.99', currency: 'EUR', plan: 'pro yearly' },
    defaultProperties: { sid: sidOf(visitor), current_url: 'https://shop.example/checkout/thank-you' },
  };
}

function eventAt(visitor, turn) {
  if (turn === BUYS_AT && buys(visitor)) return 'purchase';
  return turn === ADDS_AT && visitor % 3 === 0 ? 'add_to_cart' : 'page_view';
}

/** What the results of a variant must be. */
export function expected(variant, visitors) {
  const own = Array.from({ length: visitors }, (_, visitor) => visitor).filter(
    (visitor) => variantOf(visitor) === variant,
  );
  return { impressions: own.length, conversions: own.filter(buys).length };
}

/** One visitor with far more than a person's impressions and events. */
export const BUSY = { name: 'busy', impressions: 4_000, events: 60_000 };

/** The rows of the busy visitor by path: over the last day, in 500 sessions; half of the impressions know no session. */
export function busyRows(now) {
  const sid = (share) => String(now - Math.floor((1 - share) * 500));
  const impressions = Array.from({ length: BUSY.impressions }, (_, place) => ({
    ...impressionRow(place),
    visitor_id: BUSY.name,
    distinct_id: `busy-impression:${place}`,
    defaultProperties: place % 2 === 0 ? { sid: sid(place / BUSY.impressions) } : {},
  }));
  const events = Array.from({ length: BUSY.events }, (_, place) => ({
    event: place % 3 === 0 ? 'purchase' : 'page_view',
    userId: BUSY.name,
    distinctId: `busy-event:${place}`,
    time: now - 60_000 + place,
    defaultProperties: { sid: sid(place / BUSY.events) },
  }));
  return [
    { path: '/ingest', rows: impressions },
    { path: '/api/v1/batch', rows: events },
  ];
}
