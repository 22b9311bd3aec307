import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import type { Exposures } from '../../src/assignment/exposure-store.js';

export interface TestExposures {
  /** As many processes as want it see the same store. Its clock shows `now()`. */
  open(now: () => number): Required<Exposures>;
  /** Whether the store's clock is the server's: nothing can be moved on then. */
  readonly hasOwnClock?: boolean;
  remove(): Promise<void> | void;
}

const HOUR_MS = 3_600_000;

/** What the client relies on, for each store. */
export function describeExposures(name: string, create: () => Promise<TestExposures>): void {
  describe(`the store of exposures in ${name}`, () => {
    let store: TestExposures;
    let nowMs = Date.now();
    const open = async (): Promise<[Required<Exposures>, Required<Exposures>]> => {
      store = await create();
      return [store.open(() => nowMs), store.open(() => nowMs)];
    };
    afterEach(() => store.remove());

    it('gives a key to the first who claims it and to nobody after', async () => {
      const [one, other] = await open();
      const key = randomUUID();
      expect(await one.claim(key, HOUR_MS)).toBe(true);
      expect(await one.claim(key, HOUR_MS)).toBe(false);
      expect(await other.claim(key, HOUR_MS)).toBe(false);
      expect(await other.claim(randomUUID(), HOUR_MS)).toBe(true);
    });

    it('gives a key to one of many who claim it at once', async () => {
      const [one, other] = await open();
      for (let round = 0; round < 5; round += 1) {
        const key = randomUUID();
        const claims = Array.from({ length: 20 }, (_, index) => (index % 2 ? one : other).claim(key, HOUR_MS));
        expect((await Promise.all(claims)).filter(Boolean)).toHaveLength(1);
      }
    });

    it('returns what was remembered last, in place of a claim', async () => {
      const [one, other] = await open();
      const key = randomUUID();
      const value = JSON.stringify({ name: 'größer ✓ \u001e "quoted"', at: null });
      expect(await one.recall(key)).toBeUndefined();
      await one.claim(key, HOUR_MS);
      expect(await other.recall(key)).toBe('');
      await one.remember(key, value, HOUR_MS);
      expect(await other.recall(key)).toBe(value);
      await other.remember(key, '', HOUR_MS);
      expect(await one.recall(key)).toBe('');
      expect(await one.claim(key, HOUR_MS)).toBe(false);
    });

    it('forgets a key at the end of its time, and not before', async () => {
      const [one, other] = await open();
      const [claimed, remembered, kept] = [randomUUID(), randomUUID(), randomUUID()];
      await one.claim(claimed, store.hasOwnClock ? 1 : HOUR_MS);
      await one.remember(remembered, 'value', store.hasOwnClock ? 1 : HOUR_MS);
      await one.claim(kept, store.hasOwnClock ? 1 : HOUR_MS);
      await one.remember(kept, '', 3 * HOUR_MS);
      nowMs += HOUR_MS - 1;
      if (!store.hasOwnClock) expect(await other.claim(claimed, HOUR_MS)).toBe(false);
      nowMs += 1;
      await expect.poll(() => other.recall(remembered)).toBeUndefined();
      await expect.poll(() => other.claim(claimed, HOUR_MS)).toBe(true);
      expect(await other.claim(claimed, HOUR_MS)).toBe(false);
      expect(await other.claim(remembered, HOUR_MS)).toBe(true);
      // Remembering has extended the claim.
      expect(await other.claim(kept, HOUR_MS)).toBe(false);
    });

    it('forgets every key of one visitor, and none of others', async () => {
      const [one, other] = await open();
      const key = (visitor: string, rest: string): string => visitor.repeat(32) + rest.repeat(32);
      for (const rest of ['0', '9', 'a', 'f']) await one.claim(key('b', rest), HOUR_MS);
      await one.remember(key('b', '1'), 'value', HOUR_MS);
      for (const visitor of ['a', 'c', '0', 'f']) await one.claim(key(visitor, 'b'), HOUR_MS);
      expect(await other.forget('b'.repeat(32), true)).toBe(5);
      expect(await one.claim(key('b', '0'), HOUR_MS)).toBe(false);
      expect(await other.forget('b'.repeat(32), false)).toBe(5);
      expect(await other.forget('b'.repeat(32), false)).toBe(0);
      expect(await one.recall(key('b', '1'))).toBeUndefined();
      expect(await one.claim(key('b', '0'), HOUR_MS)).toBe(true);
      for (const visitor of ['a', 'c', '0', 'f']) expect(await one.claim(key(visitor, 'b'), HOUR_MS)).toBe(false);
    });
  });
}
