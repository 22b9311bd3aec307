import { expect, it } from 'vitest';
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
