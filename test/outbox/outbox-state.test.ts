import { expect, it } from 'vitest';
import { createMemoryOutbox } from '../../src/outbox/memory.js';
import { readState } from '../../src/outbox/outbox-state.js';
import { trackEntry } from '../support/entries.js';

const CLAIM = { maxEntries: 1, maxBytes: 1_000_000, leaseMs: 60_000 };

it('an empty memory outbox has no oldest event and no dead letters', async () => {
  expect(await readState(createMemoryOutbox())).toEqual({
    waiting: 0,
    claimed: 0,
    bytes: 0,
    oldestAgeMs: undefined,
    deadLetters: 0,
  });
});

it('the oldest event of a memory outbox keeps its age while it is claimed and after it was released', async () => {
  let monotonic = 0;
  const outbox = createMemoryOutbox({ monotonic: () => monotonic });
  const ageMs = async (): Promise<number> => Math.round((await readState(outbox)).oldestAgeMs ?? -1);
  await outbox.append([trackEntry('first')]);
  monotonic = 10_000;
  await outbox.append([trackEntry('second')]);
  expect(await ageMs()).toBeCloseTo(10_000, -2);
  const claimed = await outbox.claim(CLAIM);
  expect(claimed.map(({ distinctId }) => distinctId)).toEqual(['first']);
  expect(await ageMs()).toBeCloseTo(10_000, -2);
  await outbox.release(claimed, 5_000);
  expect(await ageMs()).toBeCloseTo(10_000, -2);
  monotonic = 16_000;
  await outbox.ack(await outbox.claim(CLAIM));
  expect(await ageMs()).toBeCloseTo(6_000, -2);
});

it('the clock of a process that appended may be ahead: an age is never negative', async () => {
  const outbox = createMemoryOutbox();
  await outbox.append([trackEntry('first')]);
  expect(await readState(outbox, () => 0)).toMatchObject({ waiting: 1, oldestAgeMs: 0 });
});
