// Six events unlike each other: few and many properties, ids and times given and not, numbers, characters outside ASCII, long
// values. And the purchase of a shop, where a benchmark needs just any event. Each comes in several forms with the same content.
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const LIBRARY = `ours-ingest/${version}`;
const SESSION = '1732400000000';
const LONG = 'A note of a customer, as long as such notes are. '.repeat(42).slice(0, 2_048);

// Values are JavaScript: the forms are compiled from them as literals, which is the cheapest way to make an object.
const PAGE = {
  current_url: text('https://shop.example/checkout/thank-you'),
  user_agent: text('Mozilla/5.0 (X11; Linux x86_64)'),
};
/** What the sink counts. */
const ORDER = { order_id: '"order_" + i' };

const MIXED = {
  ...ORDER,
  value: '20 + (i % 1000) / 4',
  currency: text('EUR'),
  items: '1 + (i % 7)',
  coupon: text('WELCOME10'),
  plan: text('pro yearly'),
  channel: text('web'),
  is_gift: 'i % 2 === 0',
  category: text('shoes/running'),
  shipping: text('express'),
  payment_method: text('card'),
};

const NUMBERS = {
  ...ORDER,
  value: '20 + (i % 1000) / 4',
  tax: '(i % 97) / 8',
  discount: '0.15',
  items: '1 + (i % 7)',
  weight_g: '1250 + i',
  width_mm: '310.5',
  height_mm: '120',
  stock_left: 'i % 50',
  is_gift: 'i % 2 === 0',
  is_first: 'false',
};

const ACCENTS = {
  ...ORDER,
  name: text('Zoë Müller-Łukasiewicz'),
  city: text('Besançon'),
  product: text('Crème brûlée à l’orange'),
  review: text('très bien 👍🏽 — 10/10 🎉'),
  category: text('Pâtisserie › Desserts'),
  country: text('Österreich'),
  street: text('Straße des 17. Juni'),
  greeting: text('こんにちは世界'),
  plan: text('pro yearly'),
  channel: text('web'),
};

const MANY = { ...ORDER, value: '20 + (i % 1000) / 4', items: 'i % 7' };
for (let at = 1; at <= 37; at += 1) MANY[`attribute_${at}`] = text(`value ${at * 7} of it`);

const SHORT = { ...ORDER, value: '129.99', currency: text('EUR') };

const SHOP = {
  ...ORDER,
  value: '129.99',
  currency: text('EUR'),
  items: '3',
  coupon: text('WELCOME10'),
  plan: text('pro yearly'),
  channel: text('web'),
};

/** `hasId`, `hasTime`: whether the caller gives them. */
const SHAPES = {
  '3 short': { properties: SHORT },
  '11 mixed': { properties: MIXED, page: PAGE },
  '11 numbers': { properties: NUMBERS, hasId: true, hasTime: true },
  '11 accents, emoji': { properties: ACCENTS, hasId: true },
  '40 short': { properties: MANY, page: PAGE, hasTime: true },
  '3 with 2 kB': { properties: { ...ORDER, value: '129.99', note: text(LONG) }, hasId: true },
};

export const SHAPE_NAMES = Object.keys(SHAPES);

export const makeUserId = (i) => `8f14e45f-ceea-467f-a8d3-${String(Math.abs(i) % 10_000).padStart(12, '0')}`;

/**
 * Functions that make the event numbered `i` of a shape, by default the shop's: the input of `track`, the row on the wire, one flat
 * map for mixpanel, which makes no ids itself, and the properties alone.
 */
export function makersOf(name) {
  const { properties, page, hasId, hasTime } =
    name === undefined ? { properties: SHOP, page: PAGE, hasId: true } : SHAPES[name];
  const visitor = { userId: 'makeUserId(i)' };
  const session = text(SESSION);
  const id = hasId ? '"purchase:order_" + i' : 'randomUUID()';
  return {
    event: compile({
      event: text('purchase'),
      ...visitor,
      sessionId: session,
      ...(hasId && { distinctId: id }),
      ...(hasTime && { time: 'Date.now()' }),
      eventProperties: literal(properties),
      ...(page && { defaultProperties: literal(page) }),
    }),
    row: compile({
      time: 'Date.now()',
      event: text('purchase'),
      distinctId: id,
      ...visitor,
      eventProperties: literal(properties, asText),
      defaultProperties: literal({ ...page, sid: session, version: text(LIBRARY) }),
    }),
    flat: compile({
      distinct_id: 'makeUserId(i)',
      $insert_id: id,
      time: 'Date.now()',
      session_id: session,
      ...properties,
      ...page,
    }),
    properties: compile({ session_id: session, ...properties, ...page }),
  };
}

function text(value) {
  return JSON.stringify(value);
}

/** Numbers and booleans travel as strings. */
function asText(code) {
  return code.startsWith('"') ? code : `\`\${${code}}\``;
}

function literal(fields, convert = (code) => code) {
  return `{ ${Object.entries(fields).map(([name, code]) => `${name}: ${convert(code)}`)} }`;
}

function compile(fields) {
  return new Function('makeUserId', 'randomUUID', `return (i) => (${literal(fields)})`)(makeUserId, randomUUID);
}
