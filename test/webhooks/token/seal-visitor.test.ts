import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openVisitor, type SealableVisitor, sealVisitor } from '../../../src/webhooks/index.js';
import { keyOf } from '../../support/keys.js';

const KEYS = [keyOf(3)];
const USER = '0b7e6c1a-5a52-4f0e-9d7c-3f6f7b1f2a10';
const NOW = 1_732_398_500_000;
const now = () => NOW;
/** The length of a token in the short layout, which has six bytes for the session. */
const SHORT = 74;

describe('the session in a visitor token', () => {
  it.each([
    ['1', true],
    [String(2 ** 48 - 1), true],
    [String(2 ** 48), false],
    [String(2 ** 48 + 1), false],
    ['0', false],
  ])('is preserved if it is %s; short: %s', async (sessionId, isShort) => {
    const token = await sealVisitor({ userId: USER, sessionId }, KEYS, { now });
    expect(await openVisitor(token, KEYS, { now })).toEqual({ visitor: { userId: USER, sessionId }, issuedAt: NOW });
    expect(token.length === SHORT).toBe(isShort);
  });
});

describe('the consent in a visitor token', () => {
  it('is preserved', async () => {
    const visitor = { userId: USER, sessionId: '17', consent: { ads: false, mail: 'granted', cookies: true } };
    expect(await openVisitor(await sealVisitor(visitor, KEYS, { now }), KEYS, { now })).toEqual({
      visitor,
      issuedAt: NOW,
    });
  });

  it('is preserved whatever the purposes are', async () => {
    const word = fc.string({ unit: 'grapheme', maxLength: 60 });
    const consents = fc.dictionary(
      fc.oneof(fc.constantFrom('analytics', 'marketing', 'security_storage', '__proto__'), word),
      fc.oneof(fc.boolean(), fc.constant(null), word),
      { maxKeys: 3, noNullPrototype: true },
    );
    await fc.assert(
      fc.asyncProperty(consents, async (consent) => {
        const token = await sealVisitor({ userId: USER, sessionId: '17', consent }, KEYS);
        fc.pre(token.length !== SHORT);
        expect(await openVisitor(token, KEYS)).toMatchObject({ visitor: { consent } });
      }),
    );
  });

  // The lengths of docs/payments.md.
  it.each([
    [{ analytics: true }, 75],
    [{ analytics: true, marketing: false }, 76],
    [{ analytics: true, marketing: false, functional: true, personalization: false }, 79],
    [{ ad_storage: 'granted', analytics_storage: 'denied' }, 96],
    [{ newsletter: true, 'research panel': false }, 108],
    [
      { ad_storage: 'granted', ad_user_data: 'granted', ad_personalization: 'denied', analytics_storage: 'denied' },
      119,
    ],
  ])('makes the token a little longer: %j makes %i characters', async (consent, length) => {
    const visitor = { userId: USER, sessionId: '1732398000123', consent };
    expect(await sealVisitor(visitor, KEYS)).toHaveLength(length);
  });

  it('is left out where the provider’s field has no place for it', async () => {
    const visitor = { userId: USER, sessionId: '17', consent: { newsletter: true } };
    const token = await sealVisitor(visitor, KEYS, { maxLength: 80, now });
    expect(token).toHaveLength(SHORT);
    const { consent, ...ids } = visitor;
    expect(await openVisitor(token, KEYS, { now })).toEqual({ visitor: ids, issuedAt: NOW });
    expect(await openVisitor(await sealVisitor(visitor, KEYS, { maxLength: 127 }), KEYS)).toMatchObject({ visitor });
  });

  // Tokens wait in the metadata of subscriptions for years.
  it('opens from tokens that hold it as JSON', async () => {
    const token =
      'A-RYq_ihQiD7WL4c3r_Gr5hgYzAPABjni0RB0CMaFLnNy_yr0xrCxfCfR8Httl1lfD1EHeEKvvJOFhBULbcHJ6q0PgggcnZARmkaJhhz9ERPvZ2OJuSfcSw6smbcD9L0zcvIdaELnChHf5EUbMHf';
    expect(await openVisitor(token, KEYS, { now })).toEqual({
      visitor: { userId: USER, sessionId: '17', consent: { analytics: true, marketing: false } },
      issuedAt: NOW,
    });
  });

  it('is left out rather than the visitor when the token would be too long', async () => {
    const consent = { ads: 'x'.repeat(400) };
    const token = await sealVisitor({ userId: USER, sessionId: '17', consent }, KEYS, { now });
    expect(token).toHaveLength(SHORT);
    expect(await openVisitor(token, KEYS, { now })).toMatchObject({ visitor: { userId: USER, sessionId: '17' } });
  });

  it('is left out when it is no map of purposes', async () => {
    const token = await sealVisitor({ userId: USER, consent: Promise.resolve() as never }, KEYS);
    expect(token).toHaveLength(SHORT);
  });
});

describe('an id that the client rejects', () => {
  it('gives a token without a visitor: the payment is reported with the identity of identify() instead of being rejected', async () => {
    for (const userId of ['undefined', ' v', '\uFEFFvisitor', '"v"', 'ours_device_id=v; a=b']) {
      expect(await openVisitor(await sealVisitor({ userId }, KEYS), KEYS)).toEqual({ visitor: null, reason: 'nobody' });
    }
  });

  it('removes only the session if it is the session’s id', async () => {
    const token = await sealVisitor({ userId: USER, sessionId: '[object Object]' }, KEYS);
    expect(await openVisitor(token, KEYS)).toMatchObject({ visitor: { userId: USER, sessionId: undefined } });
  });
});

it('refuses an option that it does not know, such as a misspelt limit', async () => {
  await expect(sealVisitor({ userId: 'v' }, KEYS, { maxlength: 80 } as object)).rejects.toMatchObject({
    code: 'invalid_option',
  });
});

describe('maxLength', () => {
  it('gives a token without a visitor if the ids are longer', async () => {
    const token = await sealVisitor({ userId: 'v'.repeat(60) }, KEYS, { maxLength: 80 });
    expect(await openVisitor(token, KEYS)).toEqual({ visitor: null, reason: 'nobody' });
  });

  it.each([73, 501, 80.5, '80' as unknown as number])('cannot be %j', async (maxLength) => {
    await expect(sealVisitor({ userId: USER }, KEYS, { maxLength })).rejects.toMatchObject({
      code: 'invalid_option',
      message: 'maxLength must be an integer from 74 to 500.',
    });
  });
});

describe('maxAgeMs: 0', () => {
  it('opens a token of the same instant and none that is older', async () => {
    const token = await sealVisitor({ userId: USER }, KEYS, { now });
    expect(await openVisitor(token, KEYS, { maxAgeMs: 0, now })).toMatchObject({ visitor: { userId: USER } });
    expect(await openVisitor(token, KEYS, { maxAgeMs: 0, now: () => NOW + 1 })).toEqual({
      visitor: null,
      reason: 'expired',
    });
  });
});

it.each([
  ['a promise', Promise.resolve({ userId: 'v' })],
  ['a string', 'v'],
  ['a function', () => ({ userId: 'v' })],
])('refuses %s instead of a visitor, with which every purchase would lose its visitor', async (got, given) => {
  await expect(sealVisitor(given as unknown as SealableVisitor, KEYS)).rejects.toMatchObject({
    code: 'invalid_option',
    message: expect.stringContaining(got),
  });
});
