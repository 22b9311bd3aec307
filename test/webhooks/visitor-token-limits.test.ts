import { describe, expect, it } from 'vitest';
import { openVisitor, sealVisitor } from '../../src/webhooks/index.js';
import { keyOf } from '../support/keys.js';

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
  ])('comes back as it was when it is %s; short: %s', async (sessionId, isShort) => {
    const token = await sealVisitor({ userId: USER, sessionId }, KEYS, { now });
    expect(await openVisitor(token, KEYS, { now })).toEqual({ visitor: { userId: USER, sessionId }, issuedAt: NOW });
    expect(token.length === SHORT).toBe(isShort);
  });
});

describe('an id in a visitor token that begins with U+FEFF', () => {
  it('keeps it, because without it the id would be somebody else’s', async () => {
    const visitor = { userId: '\uFEFFvisitor', sessionId: '\uFEFFsession' };
    expect(await openVisitor(await sealVisitor(visitor, KEYS), KEYS)).toMatchObject({ visitor });
  });
});

describe('maxAgeMs: 0', () => {
  it('opens a token of this very instant and none that is older', async () => {
    const token = await sealVisitor({ userId: USER }, KEYS, { now });
    expect(await openVisitor(token, KEYS, { maxAgeMs: 0, now })).toMatchObject({ visitor: { userId: USER } });
    expect(await openVisitor(token, KEYS, { maxAgeMs: 0, now: () => NOW + 1 })).toEqual({
      visitor: null,
      reason: 'expired',
    });
  });
});
