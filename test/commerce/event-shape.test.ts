import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { commerceEvents } from '../../src/commerce/index.js';
import { rig } from '../support/client.js';

const PURCHASE = { order_id: '1', value: 49.9, currency: 'EUR' };

async function outcomeOf(event: string, eventProperties: object) {
  const { client } = await rig({ events: commerceEvents });
  const receipt = client.track({ event, userId: 'v', eventProperties });
  return receipt.settled();
}

describe('the commerce events', () => {
  it.each<[string, object]>([
    ['purchase', PURCHASE],
    ['purchase', { ...PURCHASE, value: 0, subscription_id: 'sub' }],
    ['refund', { refund_id: 'r', value: 1, currency: 'JPY' }],
    ['refund', { refund_id: 'r', order_id: '1', value: 1, currency: 'JPY', reason: 'duplicate' }],
    ['dispute', { dispute_id: 'd', order_id: '1', value: 1, currency: 'EUR', reason: undefined }],
    ['subscription_started', { subscription_id: 's' }],
    ['subscription_renewed', { ...PURCHASE, subscription_id: 's' }],
    ['subscription_cancelled', { subscription_id: 's', reason: 'payment_failed' }],
    ['trial_started', { subscription_id: 's' }],
    ['lead', {}],
    ['lead', { lead_id: 'l', value: 10, currency: 'EUR' }],
  ])('accept a %s with %j', async (event, properties) => {
    expect(await outcomeOf(event, properties)).toEqual({ status: 'delivered' });
  });

  const text = 'must be a non-empty string';
  const amount = 'must be a number of at least 0';
  const currency = 'must be three capital letters of ISO 4217, such as EUR';

  it.each<[string, object, string]>([
    ['purchase', { value: 1, currency: 'EUR' }, `order_id ${text} (got nothing)`],
    ['purchase', { ...PURCHASE, order_id: '' }, `order_id ${text} (got a string)`],
    ['purchase', { ...PURCHASE, value: '49.90' }, `value ${amount} (got a string)`],
    ['purchase', { ...PURCHASE, value: -1 }, `value ${amount} (got a number)`],
    ['purchase', { ...PURCHASE, value: Number.NaN }, `value ${amount} (got a number)`],
    ['purchase', { ...PURCHASE, currency: 'eur' }, `currency ${currency} (got a string)`],
    [
      'purchase',
      { ...PURCHASE, customer_email: 'a@example.org' },
      'customer_email is not a property of this event (got a string)',
    ],
    ['purchase', { ...PURCHASE, toString: 'x' }, 'toString is not a property of this event (got a string)'],
    ['purchase', [], 'the whole must be an object (got an array)'],
    ['lead', { lead_id: 7 }, `lead_id ${text} (got a number)`],
  ])('reject a %s with %j', async (event, properties, where) => {
    expect(await outcomeOf(event, properties)).toEqual({
      status: 'rejected',
      code: 'invalid_properties',
      message: `eventProperties of '${event}' do not fit its schema: ${where}.`,
    });
  });

  it('do not include any other', async () => {
    expect(await outcomeOf('page_viewed', {})).toMatchObject({ code: 'unknown_event' });
  });

  it('can be combined with others and replaced by your own schema', async () => {
    const purchase = z.object({ order_id: z.string(), coupon: z.string() });
    const { client } = await rig({ events: { ...commerceEvents, purchase } });
    const bought = client.track({ event: 'purchase', userId: 'v', eventProperties: { order_id: '1', coupon: 'c' } });
    const lead = client.track({ event: 'lead', userId: 'v' });
    expect(await Promise.all([bought.settled(), lead.settled()])).toEqual(Array(2).fill({ status: 'delivered' }));
  });

  it('validate any value without throwing', () => {
    fc.assert(
      fc.property(fc.anything(), fc.constantFrom(...Object.values(commerceEvents)), (value, schema) => {
        const result = schema['~standard'].validate(value);
        expect('issues' in result || 'value' in result).toBe(true);
      }),
    );
  });
});
