import { describe, expect, it, vi } from 'vitest';
import { bulkRandomId } from '../../src/core/bulk-random-id.js';
import { randomId } from '../../src/core/random-id.js';

describe.each([
  ['one by one', randomId],
  ['in bulk', bulkRandomId],
])('an id created %s', (_how, randomId) => {
  it('is a UUID of version 7: ordered by time, different at the same time', () => {
    const now = 1_700_000_000_000;
    // More than are drawn at once.
    const ids = Array.from({ length: 5_000 }, () => randomId(now));
    for (const id of ids) expect(id).toMatch(/^018bcfe5-6800-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(new Set(ids).size).toBe(5_000);
    expect(randomId(now + 1) > ids[0]!).toBe(true);
  });

  it('has random bits everywhere but in the version and the variant', () => {
    const bits = Array.from({ length: 2_000 }, () => BigInt(`0x${randomId(0).replaceAll('-', '')}`));
    const isSet = (bit: number) => bits.some((id) => (id >> BigInt(bit)) & 1n);
    const isClear = (bit: number) => bits.some((id) => !((id >> BigInt(bit)) & 1n));
    const random = Array.from({ length: 76 }, (_, bit) => bit).filter((bit) => bit !== 62 && bit !== 63);
    expect(random.filter((bit) => !(isSet(bit) && isClear(bit)))).toEqual([]);
  });
});

it('nothing is drawn when the module is imported, which Workers forbid', async () => {
  vi.resetModules();
  const draw = vi.spyOn(globalThis.crypto, 'getRandomValues');
  const { bulkRandomId: anew } = await import('../../src/core/bulk-random-id.js');
  expect(draw).not.toHaveBeenCalled();
  anew(0);
  expect(draw).toHaveBeenCalledOnce();
  draw.mockRestore();
});
