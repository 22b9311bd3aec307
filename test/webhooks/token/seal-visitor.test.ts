import { describe, expect, it } from 'vitest';
import { openVisitor, sealVisitor } from '../../../src/webhooks/index.js';
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
