import { expect, it } from 'vitest';
import { randomId } from '../../src/core/random-id.js';

it('an id is a UUID of version 7: ordered by time, different at the same time', () => {
  const now = 1_700_000_000_000;
  const ids = Array.from({ length: 1_000 }, () => randomId(now));
  for (const id of ids) expect(id).toMatch(/^018bcfe5-6800-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(new Set(ids).size).toBe(1_000);
  expect(randomId(now + 1) > ids[0]!).toBe(true);
});
