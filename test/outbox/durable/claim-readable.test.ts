import { afterEach, expect, it, vi } from 'vitest';
import { claimReadable } from '../../../src/outbox/durable/claim-readable.js';
import { DecodedClaim } from '../../../src/outbox/durable/decoded-claim.js';
import { EntryCodec } from '../../../src/outbox/durable/entry-codec.js';
import { idsOf, trackEntry } from '../../support/entries.js';
import { keyOf } from '../../support/keys.js';

const codec = new EntryCodec({ sealingKeys: [keyOf(1)] });
const stranger = new EntryCodec({ sealingKeys: [keyOf(2)] });
const record = (id: string): [string, string] => [id, codec.write(trackEntry(id))];
const locked = (id: string): [string, string] => [id, stranger.write(trackEntry(id))];
const damaged = (id: string): [string, string] => [id, codec.write(trackEntry(id)).slice(0, -20)];

afterEach(() => void vi.useRealTimers());

/** Claims the given batches one after another, and records what is put back. */
function stepsOver(...batches: readonly [string, string][][]) {
  const calls: string[] = [];
  let batch = 0;
  return {
    calls,
    steps: {
      claim: async (before: DecodedClaim<string> | undefined) => {
        const decoded = new DecodedClaim(codec, before);
        for (const [id, text] of batches[batch] ?? []) decoded.add(id, text, id);
        batch += 1;
        return decoded;
      },
      release: async (ids: readonly string[], delayMs: number) => void calls.push(`release ${ids} for ${delayMs}`),
      deadLetter: async (ids: readonly string[], { status }: { status: string }) => void calls.push(`${status} ${ids}`),
    },
  };
}

it('a claim that can be read is returned and nothing is put back', async () => {
  const { calls, steps } = stepsOver([record('a'), record('b')]);
  const claimed = await claimReadable(steps, 'the store');
  expect(idsOf([...claimed.keys()])).toEqual(['a', 'b']);
  expect([...claimed.values()]).toEqual(['a', 'b']);
  expect(calls).toEqual([]);
});

it('unreadable entries are put back until none is left, and then reported once', async () => {
  const { calls, steps } = stepsOver([record('a'), locked('b'), damaged('c')], [locked('d')], [record('a')]);
  await expect(claimReadable(steps, 'the store')).rejects.toMatchObject({
    code: 'store_failed',
    message: expect.stringMatching(/^1 event in the store cannot be read .*2 events in the store cannot be opened/),
  });
  expect(calls).toEqual([
    'release a for 0',
    'release b for 60000',
    'rejected c',
    'release  for 0',
    'release d for 60000',
    'rejected ',
    'release a for 0',
    'release  for 60000',
    'rejected ',
  ]);
});

/** A store of locked records and one that can be read behind them, of which each claim takes ten and a second. */
function slowStore(lockedCount: number) {
  vi.useFakeTimers({ toFake: ['performance'] });
  const [, text] = locked('any');
  const dueAt: number[] = Array.from({ length: lockedCount + 1 }, () => 0);
  const claim = async (before: DecodedClaim<number> | undefined): Promise<DecodedClaim<number>> => {
    vi.advanceTimersByTime(1_000);
    const decoded = new DecodedClaim(codec, before);
    for (let place = 0, left = 10; place < dueAt.length && left > 0; place += 1) {
      if (dueAt[place]! > performance.now()) continue;
      left -= 1;
      if (place < lockedCount) decoded.add('any', text, place);
      else decoded.add(...record('good'), place);
    }
    return decoded;
  };
  const release = async (places: readonly number[], delayMs: number): Promise<void> => {
    for (const place of places) dueAt[place] = performance.now() + delayMs;
  };
  return { claim, release, deadLetter: async () => undefined };
}

it('locked records that take longer to find than their pause hold up nothing behind them', async () => {
  const store = slowStore(1_200);
  await expect(claimReadable(store, 'the store')).rejects.toThrow('cannot be opened');
  let rejections = 0;
  for (let claims = 0; claims < 30; claims += 1) {
    const claimed = await claimReadable(store, 'the store').catch(() => undefined);
    rejections += claimed === undefined ? 1 : 0;
    if (claimed !== undefined) expect(idsOf([...claimed.keys()])).toEqual(['good']);
    vi.advanceTimersByTime(10_000);
  }
  expect(rejections).toBeLessThan(10);
});

it('a claim ends after half an hour, whatever it finds', async () => {
  const store = slowStore(100_000);
  await expect(claimReadable(store, 'the store')).rejects.toThrow('cannot be opened');
  expect(performance.now()).toBeLessThan(31 * 60_000);
});
