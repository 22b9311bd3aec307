import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Payment, purchaseId } from '../../src/commerce/index.js';

const SECRET = 'a secret of the servers';

describe('the id of a purchase', () => {
  it.each<[string, Payment, string]>([
    ['an id', 'pi_1', 'purchase:pi_1'],
    ['an object with an id', { id: 'order-7' }, 'purchase:order-7'],
    ['a PaymentIntent', { object: 'payment_intent', id: 'pi_1' }, 'purchase:pi_1'],
    ['a charge of a PaymentIntent', { object: 'charge', id: 'ch_1', payment_intent: 'pi_1' }, 'purchase:pi_1'],
    ['a charge without one', { object: 'charge', id: 'ch_1', payment_intent: null }, 'purchase:ch_1'],
    [
      'a Checkout session, whose payment may be expanded',
      { object: 'checkout.session', id: 'cs_1', payment_intent: { id: 'pi_1' }, invoice: 'in_1' },
      'purchase:pi_1',
    ],
    [
      'a Checkout session of a subscription',
      { object: 'checkout.session', id: 'cs_1', payment_intent: null, invoice: { id: 'in_1' } },
      'purchase:in_1',
    ],
    ['a free order', { object: 'checkout.session', id: 'cs_1', payment_intent: null, invoice: null }, 'purchase:cs_1'],
    ['an invoice with a payment', { object: 'invoice', id: 'in_1', payment_intent: 'pi_1' }, 'purchase:in_1'],
  ])('of %s is its payment’s', (_, payment, expected) => {
    expect(purchaseId(payment)).toBe(expected);
  });

  it('with a secret is an HMAC that other programs can compute', async () => {
    const mac = createHmac('sha256', SECRET).update('purchase:order-7').digest('base64url');
    expect(await purchaseId({ id: 'order-7' }, { secret: SECRET })).toBe(`purchase:${mac}`);
  });

  it('with a provider is an HMAC of both, and differs between providers', async () => {
    const mac = createHmac('sha256', SECRET).update('purchase:shopify:1001').digest('base64url');
    const ids = await Promise.all(
      [undefined, 'shopify', 'till'].map((provider) => purchaseId('1001', { secret: SECRET, provider })),
    );
    expect(ids[1]).toBe(`purchase:${mac}`);
    expect(new Set(ids).size).toBe(3);
  });

  it('treats a secret as bytes like its string', async () => {
    const secret = new TextEncoder().encode(SECRET);
    expect(await purchaseId('1001', { secret })).toBe(await purchaseId('1001', { secret: SECRET }));
  });

  it.each(['', 'a:b', 'with blank', 7])('rejects %j as a provider', async (provider) => {
    await expect(purchaseId('1', { secret: SECRET, provider } as never)).rejects.toThrow('needs a provider');
  });

  it('with a secret has a fixed length, and differs for each payment and secret', async () => {
    const order = fc.string({ minLength: 1 }).filter((id) => id.trim() !== '');
    await fc.assert(
      fc.asyncProperty(order, order, async (one, other) => {
        fc.pre(one !== other);
        const [first, second, third] = await Promise.all([
          purchaseId(one, { secret: SECRET }),
          purchaseId(other, { secret: SECRET }),
          purchaseId(one, { secret: `another ${SECRET}` }),
        ]);
        expect(new Set([first, second, third]).size).toBe(3);
        expect(first).toMatch(/^purchase:[\w-]{43}$/);
      }),
      { numRuns: 50 },
    );
  });

  it.each([undefined, null, '', ' ', 7, {}, { id: '' }, { object: 'charge', id: null, payment_intent: null }])(
    'rejects %j, which has no payment id',
    (payment) => {
      expect(() => purchaseId(payment as Payment)).toThrow("the payment's id");
    },
  );

  it.each([
    [1017, 'got a number. Pass String(id).'],
    [{ id: 1017 }, 'got a number. Pass String(id).'],
    [' ', 'got a blank string.'],
    [{ id: undefined }, 'got nothing.'],
  ])('explains what to pass instead of %o', (payment, advice) => {
    expect(() => purchaseId(payment as unknown as Payment)).toThrow(advice);
  });

  it.each([undefined, null, '', 'too short', 7, new Uint8Array(8)])('rejects %j as a secret', async (secret) => {
    await expect(purchaseId('1', { secret } as { secret: string })).rejects.toThrow('at least 16 characters');
  });

  it.each(['x'.repeat(32), 'secretsecretsecret', new Uint8Array(32)])(
    'rejects a secret with a pattern: %#',
    async (secret) => {
      await expect(purchaseId('1', { secret })).rejects.toMatchObject({
        code: 'invalid_option',
        message: expect.stringMatching(/cannot be guessed.*openssl rand/),
      });
    },
  );

  it.each([null, 'a secret of the servers', { secret: SECRET, providr: 'shopify' }])(
    'rejects %j as options',
    async (options) => {
      await expect(purchaseId('1', options as never)).rejects.toMatchObject({ code: 'invalid_option' });
    },
  );
});
