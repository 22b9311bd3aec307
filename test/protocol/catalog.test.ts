import { type } from 'arktype';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { EventSchema } from '../../src/protocol/catalog.js';
import { refusalOf, rowOf, track } from './encoding.js';

const CANARY = 'canary-51c0';

/** The same catalogue by three libraries. */
const catalogs = {
  zod: { purchase: z.object({ order_id: z.string(), value: z.number() }) },
  valibot: { purchase: v.object({ order_id: v.string(), value: v.number() }) },
  arktype: { purchase: type({ order_id: 'string', value: 'number' }) },
};

describe.each(Object.entries(catalogs))('a catalogue by %s', (_library, events) => {
  it('takes what fits', () => {
    expect(rowOf(track({ eventProperties: { order_id: 'o-1', value: 5 } }, { events })).eventProperties).toEqual({
      order_id: 'o-1',
      value: '5',
    });
  });

  it('refuses a wrong type, naming event, property and type and never the value', () => {
    const { code, message } = refusalOf(track({ eventProperties: { order_id: 'o-1', value: CANARY } }, { events }));
    expect(code).toBe('invalid_properties');
    expect(message).toBe("eventProperties of 'purchase' do not fit its schema: value (got a string).");
  });

  it('refuses a missing property', () => {
    const { message } = refusalOf(track({ eventProperties: { order_id: CANARY } }, { events }));
    expect(message).toContain('value (got nothing)');
    expect(message).not.toContain(CANARY);
  });

  it('refuses an event without properties by the names of those it needs', () => {
    const { message } = refusalOf(track({}, { events }));
    expect(message).toMatch(/order_id \(got nothing\)/);
  });
});

describe('a name', () => {
  const events = { purchase: z.object({}), Refund: z.object({}) };

  it('that differs from a known one only by case is refused with the right one', () => {
    expect(refusalOf(track({ event: 'Purchase' }, { events }))).toMatchObject({
      code: 'invalid_name',
      message: expect.stringMatching(/'Purchase' differs from 'purchase'.*only by case.*send 'purchase'/),
    });
    expect(refusalOf(track({ event: 'refund' }, { events })).message).toContain("send 'Refund'");
  });

  it('that is unknown is refused with those that are known', () => {
    expect(refusalOf(track({ event: 'purchased' }, { events }))).toMatchObject({
      code: 'unknown_event',
      message: "event 'purchased' is not in your events. Known: purchase, Refund.",
    });
  });

  it.each(['toString', 'constructor', '__proto__'])('that every object has is unknown: %s', (event) => {
    expect(refusalOf(track({ event }, { events })).code).toBe('unknown_event');
  });

  it('may be any without a catalogue', () => {
    expect(rowOf(track({ event: 'anything at all' })).event).toBe('anything at all');
  });
});

describe('a schema', () => {
  it('decides what is sent: its defaults, transformations and the properties it drops', () => {
    const events = {
      purchase: z.object({
        value: z.number().transform((cents) => cents / 100),
        currency: z.string().default('EUR'),
      }),
    };
    const eventProperties = { value: 4990, internal: CANARY };
    expect(rowOf(track({ eventProperties }, { events })).eventProperties).toEqual({ value: '49.9', currency: 'EUR' });
    expect(rowOf(track({ eventProperties: { value: 100 } }, { events })).eventProperties.value).toBe('1');
  });

  it('may fill an event that came without properties', () => {
    const events = { purchase: v.object({ currency: v.optional(v.string(), 'EUR') }) };
    expect(rowOf(track({}, { events })).eventProperties).toEqual({ currency: 'EUR' });
  });

  it('that is asynchronous is refused, and its rejection is heard', () => {
    const asynchronous: EventSchema = {
      '~standard': { version: 1, vendor: 'test', validate: () => Promise.reject(new Error('no database')) },
    };
    const events = { purchase: asynchronous };
    expect(refusalOf(track({ eventProperties: { value: 1 } }, { events }))).toMatchObject({
      code: 'invalid_properties',
      message: expect.stringContaining('must be synchronous'),
    });
  });

  it('names a property deep inside by its path', () => {
    const events = { purchase: z.object({ items: z.array(z.object({ sku: z.string() })) }) };
    const eventProperties = { items: [{ sku: 'a' }, { sku: 7 }] };
    expect(refusalOf(track({ eventProperties }, { events })).message).toContain('items.1.sku (got a number)');
  });

  it('with a message of its own does not get it through: it may quote the value', () => {
    const events = { purchase: z.string().refine(() => false, { error: (issue) => `bad: ${String(issue.input)}` }) };
    const misfit = { purchase: z.custom(() => false, { error: (issue) => `bad: ${JSON.stringify(issue.input)}` }) };
    expect(refusalOf(track({ eventProperties: { note: CANARY } }, { events })).message).not.toContain(CANARY);
    expect(refusalOf(track({ eventProperties: { note: CANARY } }, { events: misfit })).message).toMatch(
      /the whole \(got an object\)/,
    );
  });

  it('that returns something else than a map has its answer refused', () => {
    const list: EventSchema = { '~standard': { version: 1, vendor: 'test', validate: () => ({ value: [CANARY] }) } };
    expect(refusalOf(track({ eventProperties: {} }, { events: { purchase: list } })).message).toBe(
      'eventProperties must be an object of names and values; got an array.',
    );
  });

  it('is asked once for each event', () => {
    let asked = 0;
    const counting: EventSchema = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: (value) => {
          asked += 1;
          return { value };
        },
      },
    };
    track({ eventProperties: { a: 1 } }, { events: { purchase: counting } });
    expect(asked).toBe(1);
  });
});
