import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { LostClaims } from '../../../src/outbox/postgres/lost-claims.js';

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => void vi.useRealTimers());

const LEASE_MS = 60_000;

/** Claims with a statement that fails although the database may have carried it out. */
async function lose(claims: LostClaims, token: string): Promise<void> {
  const failing = claims.claim(token, LEASE_MS, () => Promise.reject(new Error('the connection was lost')));
  await expect(failing).rejects.toThrow('the connection was lost');
}

const lostTokens = (claims: LostClaims) => claims.claim('next', LEASE_MS, async (tokens) => tokens);

it('offers the token of a claim that failed to the next claims, and that of a successful one to none', async () => {
  const claims = new LostClaims();
  expect(await lostTokens(claims)).toEqual([]);
  await lose(claims, 'a');
  await lose(claims, 'b');
  expect(await lostTokens(claims)).toEqual(['a', 'b']);
  expect(await lostTokens(claims)).toEqual(['a', 'b']);
});

it('forgets a token once its lease has expired', async () => {
  const claims = new LostClaims();
  await lose(claims, 'a');
  vi.advanceTimersByTime(LEASE_MS - 1);
  expect(await lostTokens(claims)).toEqual(['a']);
  vi.advanceTimersByTime(1);
  expect(await lostTokens(claims)).toEqual([]);
});

it('keeps the last hundred tokens in a long outage', async () => {
  const claims = new LostClaims();
  for (let at = 0; at < 130; at += 1) await lose(claims, `${at}`);
  const tokens = await lostTokens(claims);
  expect([tokens.length, tokens[0], tokens.at(-1)]).toEqual([100, '30', '129']);
});
