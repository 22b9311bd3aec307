import { expect, it } from 'vitest';
import { importTokenKey, isSealed, open, parseToken, seal } from '../../../src/webhooks/token/cipher.js';
import { keyOf } from '../../support/keys.js';

const CONTENT = { visitor: { userId: 'visitor', sessionId: '17' }, issuedAt: 1_732_398_500 };
const key = await importTokenKey(new Uint8Array(keyOf(1)));
const other = await importTokenKey(new Uint8Array(keyOf(2)));

it('opens a token with the same key and environment only', async () => {
  const sealed = parseToken(await seal(key, CONTENT, 'production'))!;
  expect(await open(key, sealed, 'production')).toEqual(CONTENT);
  expect(await open(key, sealed, 'staging')).toBeUndefined();
  expect(await open(key, sealed, undefined)).toBeUndefined();
  expect(await open(other, sealed, 'production')).toBeUndefined();
});

it('recognises the layout of a token without a key', async () => {
  const token = await seal(key, CONTENT, undefined);
  expect([token, `${token}=`, token.slice(0, 20), 'A'.repeat(501), '', null, undefined].map(isSealed)).toEqual([
    true,
    false,
    false,
    false,
    false,
    false,
    false,
  ]);
});
