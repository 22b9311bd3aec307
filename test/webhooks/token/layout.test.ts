import { describe, expect, it } from 'vitest';
import { isTokenVersion, readContent, writeContent } from '../../../src/webhooks/token/layout.js';

const USER = '0b7e6c1a-5a52-4f0e-9d7c-3f6f7b1f2a10';
const ISSUED_AT = 1_732_398_500;

describe('the content of a token', () => {
  it.each([
    ['the browser SDK’s ids', { userId: USER, sessionId: '1732398000123' }, 1, 26],
    ['no session', { userId: USER, sessionId: undefined }, 1, 26],
    ['no visitor', undefined, 1, 26],
    ['an id of another SDK', { userId: 'visitor', sessionId: '17' }, 2, 15],
    [
      'a consent of common purposes',
      { userId: USER, sessionId: '17', consent: { analytics: true, marketing: false } },
      4,
      28,
    ],
    ['a consent in words', { userId: USER, sessionId: undefined, consent: { ads: false, mail: 'no', x: null } }, 4, 40],
    ['an empty consent', { userId: USER, sessionId: undefined, consent: {} }, 4, 26],
    ['a consent of an id of another SDK', { userId: 'visitor', sessionId: '17', consent: { ads: false } }, 3, 30],
    ['a consent with a long purpose', { userId: USER, sessionId: '17', consent: { ['p'.repeat(48)]: true } }, 3, 103],
    ['a consent with a long value', { userId: USER, sessionId: '17', consent: { ads: 'x'.repeat(256) } }, 3, 312],
    ['a session that is not a number', { userId: USER, sessionId: '007' }, 2, 45],
  ])('round-trips %s', (_, visitor, version, length) => {
    const written = writeContent({ visitor, issuedAt: ISSUED_AT });
    expect([written.version, written.bytes.length]).toEqual([version, length]);
    expect(readContent(written.version, written.bytes)).toEqual({ visitor, issuedAt: ISSUED_AT });
  });
});

it('only four versions exist', () => {
  expect([undefined, 0, 1, 2, 3, 4, 5].map(isTokenVersion)).toEqual([false, false, true, true, true, true, false]);
});
