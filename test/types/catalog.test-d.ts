import { type } from 'arktype';
import * as v from 'valibot';
import { describe, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { createClient, type Receipt } from '../../src/index.js';

const byZod = createClient({
  token: 'test_token',
  events: {
    purchase: z.object({ order_id: z.string(), value: z.number(), coupon: z.string().optional() }),
    signup: z.object({ plan: z.string().default('free') }),
    search: z.object({ term: z.string().transform((term) => term.length) }),
  },
});
const byValibot = createClient({
  token: 'test_token',
  events: {
    purchase: v.object({ order_id: v.string(), value: v.number(), coupon: v.optional(v.string()) }),
    signup: v.object({ plan: v.optional(v.string(), 'free') }),
    search: v.object({
      term: v.pipe(
        v.string(),
        v.transform((term) => term.length),
      ),
    }),
  },
});
const byArktype = createClient({
  token: 'test_token',
  events: {
    purchase: type({ order_id: 'string', value: 'number', 'coupon?': 'string' }),
    signup: type({ plan: "string = 'free'" }),
    search: type({ term: type('string').pipe((term) => term.length) }),
  },
});

// Spelled out for each library: what is under test is what their types infer.
describe('a catalogue by zod', () => {
  it('checks names and properties', () => {
    const fits = byZod.track({ event: 'purchase', userId: 'v', eventProperties: { order_id: 'o', value: 1 } });
    expectTypeOf(fits).toEqualTypeOf<Receipt>();
    // @ts-expect-error an event that is not in the catalogue
    byZod.track({ event: 'purchased', userId: 'v', eventProperties: { order_id: 'o', value: 1 } });
    // @ts-expect-error a name that differs by case
    byZod.track({ event: 'Purchase', userId: 'v', eventProperties: { order_id: 'o', value: 1 } });
    // @ts-expect-error a property of the wrong type
    byZod.track({ event: 'purchase', userId: 'v', eventProperties: { order_id: 'o', value: '1' } });
    // @ts-expect-error a property that is missing
    byZod.track({ event: 'purchase', userId: 'v', eventProperties: { order_id: 'o' } });
    // @ts-expect-error properties that are missing altogether
    byZod.track({ event: 'purchase', userId: 'v' });
    // @ts-expect-error a property that the schema does not know
    byZod.track({ event: 'purchase', userId: 'v', eventProperties: { order_id: 'o', value: 1, vallue: 2 } });
    // @ts-expect-error the properties of another event
    byZod.track({ event: 'purchase', userId: 'v', eventProperties: { term: 'shoes' } });
  });

  it('needs no properties where the schema needs none, and takes what goes into it', () => {
    byZod.track({ event: 'signup', userId: 'v' });
    byZod.track({ event: 'signup', userId: 'v', eventProperties: {} });
    byZod.track({ event: 'signup', userId: 'v', eventProperties: { plan: 'gold' } });
    byZod.track({ event: 'search', userId: 'v', eventProperties: { term: 'shoes' } });
    // @ts-expect-error what comes out of it
    byZod.track({ event: 'search', userId: 'v', eventProperties: { term: 5 } });
  });
});

describe('a catalogue by valibot', () => {
  it('checks names and properties', () => {
    byValibot.track({ event: 'purchase', userId: 'v', eventProperties: { order_id: 'o', value: 1 } });
    // @ts-expect-error an event that is not in the catalogue
    byValibot.track({ event: 'purchased', userId: 'v', eventProperties: { order_id: 'o', value: 1 } });
    // @ts-expect-error a property of the wrong type
    byValibot.track({ event: 'purchase', userId: 'v', eventProperties: { order_id: 'o', value: '1' } });
    // @ts-expect-error a property that is missing
    byValibot.track({ event: 'purchase', userId: 'v', eventProperties: { order_id: 'o' } });
    // @ts-expect-error properties that are missing altogether
    byValibot.track({ event: 'purchase', userId: 'v' });
  });

  it('needs no properties where the schema needs none, and takes what goes into it', () => {
    byValibot.track({ event: 'signup', userId: 'v' });
    byValibot.track({ event: 'search', userId: 'v', eventProperties: { term: 'shoes' } });
    // @ts-expect-error what comes out of it
    byValibot.track({ event: 'search', userId: 'v', eventProperties: { term: 5 } });
  });
});

describe('a catalogue by arktype', () => {
  it('checks names and properties', () => {
    byArktype.track({ event: 'purchase', userId: 'v', eventProperties: { order_id: 'o', value: 1 } });
    // @ts-expect-error an event that is not in the catalogue
    byArktype.track({ event: 'purchased', userId: 'v', eventProperties: { order_id: 'o', value: 1 } });
    // @ts-expect-error a property of the wrong type
    byArktype.track({ event: 'purchase', userId: 'v', eventProperties: { order_id: 'o', value: '1' } });
    // @ts-expect-error a property that is missing
    byArktype.track({ event: 'purchase', userId: 'v', eventProperties: { order_id: 'o' } });
    // @ts-expect-error properties that are missing altogether
    byArktype.track({ event: 'purchase', userId: 'v' });
  });

  it('needs no properties where the schema needs none, and takes what goes into it', () => {
    byArktype.track({ event: 'signup', userId: 'v' });
    byArktype.track({ event: 'search', userId: 'v', eventProperties: { term: 'shoes' } });
    // @ts-expect-error what comes out of it
    byArktype.track({ event: 'search', userId: 'v', eventProperties: { term: 5 } });
  });
});

describe('a visitor of a client with a catalogue', () => {
  const visitor = byZod.visitor({ userId: 'v', sessionId: 's' });

  it('checks names and properties', () => {
    visitor.track('purchase', { order_id: 'o', value: 1 });
    visitor.track('purchase', { order_id: 'o', value: 1 }, { distinctId: 'purchase:o' });
    // @ts-expect-error an event that is not in the catalogue
    visitor.track('purchased', { order_id: 'o', value: 1 });
    // @ts-expect-error a property of the wrong type
    visitor.track('purchase', { order_id: 'o', value: '1' });
    // @ts-expect-error a property that is missing
    visitor.track('purchase', { order_id: 'o' });
    // @ts-expect-error properties that are missing altogether
    visitor.track('purchase');
  });

  it('needs no properties where the schema needs none', () => {
    visitor.track('signup');
    visitor.track('signup', undefined, { distinctId: 'signup:1' });
    visitor.track('signup', { plan: 'gold' });
  });

  it('takes the fields of an event as options, and no others', () => {
    visitor.track('signup', {}, { time: new Date(), email: 'ada@example.org', userProperties: { city: 'Berlin' } });
    // @ts-expect-error the name stands before them
    visitor.track('signup', {}, { event: 'purchase' });
    // @ts-expect-error a field that does not exist
    visitor.track('signup', {}, { distinctID: 'signup:1' });
  });
});

describe('a client without a catalogue', () => {
  const client = createClient({ token: 'test_token' });

  interface Order {
    readonly order_id: string;
    readonly value: number;
  }
  const order: Order = { order_id: 'o', value: 1 };

  it('takes any name and properties of any shape, interfaces included', () => {
    client.track({ event: 'anything', userId: 'v' });
    client.track({ event: 'anything', userId: 'v', eventProperties: order });
    client.track({ event: 'anything', userId: 'v', eventProperties: { nested: { a: [1, null] }, at: new Date() } });
    client.visitor({ userId: 'v' }).track('anything', order);
    const name: string = 'computed';
    client.track({ event: name, userId: 'v' });
  });

  it('takes no properties that are no map, and no event without a name', () => {
    // @ts-expect-error a text
    client.track({ event: 'anything', userId: 'v', eventProperties: 'x' });
    // @ts-expect-error no name
    client.track({ userId: 'v' });
    // @ts-expect-error an id that is a number
    client.track({ event: 'anything', userId: 42 });
    // @ts-expect-error a time that is a text
    client.track({ event: 'anything', userId: 'v', time: '2026-03-14' });
  });
});

it('a catalogue holds schemas and nothing else', () => {
  // @ts-expect-error an object that is no Standard Schema
  createClient({ token: 'test_token', events: { purchase: { order_id: 'string' } } });
});
