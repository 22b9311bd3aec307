import { expect, it, vi } from 'vitest';
import { randomId } from '../../src/core/random-id.js';

it('an id is a UUID of version 7: ordered by time, different at the same time', () => {
  const now = 1_700_000_000_000;
  // More than are drawn at once.
  const ids = Array.from({ length: 5_000 }, () => randomId(now));
  for (const id of ids) expect(id).toMatch(/^018bcfe5-6800-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(new Set(ids).size).toBe(5_000);
  expect(randomId(now + 1) > ids[0]!).toBe(true);
});

it('every bit but those of the version and variant is random', () => {
  const bits = Array.from({ length: 2_000 }, () => BigInt(`0x${randomId(0).replaceAll('-', '')}`));
  const isSet = (bit: number) => bits.some((id) => (id >> BigInt(bit)) & 1n);
  const isClear = (bit: number) => bits.some((id) => !((id >> BigInt(bit)) & 1n));
  const random = Array.from({ length: 76 }, (_, bit) => bit).filter((bit) => bit !== 62 && bit !== 63);
  expect(random.filter((bit) => !(isSet(bit) && isClear(bit)))).toEqual([]);
});

it('nothing is drawn when the module is imported, which Workers forbid', async () => {
  vi.resetModules();
  const draw = vi.spyOn(globalThis.crypto, 'getRandomValues');
  const { randomId: anew } = await import('../../src/core/random-id.js');
  expect(draw).not.toHaveBeenCalled();
  anew(0);
  expect(draw).toHaveBeenCalledOnce();
  draw.mockRestore();
});
