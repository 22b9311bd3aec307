import { expect, it } from 'vitest';
import { createIdentifyIndex } from '../../../src/outbox/memory/identify-index.js';
import { type Lease, toSlot } from '../../../src/outbox/memory/slot.js';
import { identifyEntry, trackEntry } from '../../support/entries.js';

const lease = (): Lease => ({ endsAt: 0, slots: [] });

it('an identify blocks later events of its person until it is in the same claim or settled', () => {
  const index = createIdentifyIndex();
  const before = toSlot(trackEntry('before', { userId: 'u' }), 1, { at: 0 });
  const identify = toSlot(identifyEntry('identify', { userId: 'u', email: 'ada@example.org' }), 2, { at: 0 });
  const after = toSlot(trackEntry('after', { email: 'ada@example.org' }), 3, { at: 0 });
  const other = toSlot(trackEntry('other', { userId: 'v' }), 4, { at: 0 });
  for (const slot of [before, identify, after, other]) index.add(slot);
  const claim = lease();
  expect([before, identify, after, other].map((slot) => index.blocks(slot, claim))).toEqual([
    false,
    false,
    true,
    false,
  ]);
  identify.lease = claim;
  expect(index.blocks(after, claim)).toBe(false);
  expect(index.blocks(after, lease())).toBe(true);
  index.remove(identify);
  expect(index.blocks(after, lease())).toBe(false);
});

it('a claim that takes all identifies of a person passes each of them once', () => {
  const COUNT = 200;
  const index = createIdentifyIndex();
  let looks = 0;
  const slots = Array.from({ length: COUNT }, (_, at) => {
    const slot = toSlot(identifyEntry(String(at), { externalId: 'guest' }), at + 1, { at: 0 });
    let holder: Lease | undefined;
    Object.defineProperty(slot, 'lease', {
      get() {
        looks += 1;
        return holder;
      },
      set(next: Lease) {
        holder = next;
      },
    });
    index.add(slot);
    return slot;
  });
  const claim = lease();
  for (const slot of slots) {
    expect(index.blocks(slot, claim)).toBe(false);
    slot.lease = claim;
  }
  expect(looks).toBeLessThanOrEqual(2 * COUNT);
});
